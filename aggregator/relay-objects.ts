/** Types for calling the relay Worker's objects. Their classes are in the relay's deployment. */
import type { Config } from "../relay/config.ts";
import type { Publication, PublishAnswer } from "../relay/live/switchboard.ts";
import type { Report } from "../telemetry/report.ts";
import type { ReportAnswer } from "../telemetry/spending.ts";

interface Objects {
  getByName(name: string, options: { locationHint?: Exclude<Location, ""> }): unknown;
}

type Location = Config["LOCATION"];

export function switchboardOf(objects: Objects, location: Location) {
  return objects.getByName("switchboard", hint(location)) as {
    publish(publications: Publication[]): Promise<PublishAnswer>;
  };
}

export function countersOf(objects: Objects, location: Location) {
  return objects.getByName("counters", hint(location)) as {
    add(report: Report): Promise<ReportAnswer | undefined>;
  };
}

/** Only the call that creates an object heeds it. */
function hint(location: Location): { locationHint?: Exclude<Location, ""> } {
  return location === "" ? {} : { locationHint: location };
}
