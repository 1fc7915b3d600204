/** Ingest: clients that publish as fast as the relay answers. */
import { measure } from "../load/measure.ts";
import { publishers } from "../load/publisher.ts";
import type { Case } from "./case.ts";

const FULL = { connections: [1, 8, 32], inFlight: [1, 64] };
const QUICK = { connections: [8], inFlight: [64] };
/** A relay that stores more a second runs out of events, and is measured for less time. */
const MOST_PER_SECOND = 6000;

export function ingest(isQuick: boolean): Case[] {
  const { connections, inFlight } = isQuick ? QUICK : FULL;
  return inFlight.flatMap((inFlight) => connections.map((connections) => publishing(connections, inFlight)));
}

function publishing(connections: number, inFlight: number): Case {
  return {
    scenario: "ingest",
    name: `ingest ${connections}×${inFlight}`,
    unit: "event",
    run: (relay, bench) => {
      const publications = bench.publications(MOST_PER_SECOND).values();
      return measure(relay, bench.pace, (meter) =>
        publishers(relay, meter, publications, { connections, inFlight }),
      );
    },
  };
}
