/** The relay Worker's objects, as this Worker may call them: their classes belong to another deployment. */
import type { Publication, PublishAnswer } from "../relay/switchboard.ts";
import type { Count } from "../telemetry/counts.ts";

interface Objects {
  getByName(name: string): unknown;
}

export function switchboardOf(objects: Objects) {
  return objects.getByName("switchboard") as { publish(publications: Publication[]): Promise<PublishAnswer> };
}

export function countersOf(objects: Objects) {
  return objects.getByName("counters") as { add(counts: Count[]): Promise<void> };
}
