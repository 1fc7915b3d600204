/** Ingest: clients that publish as fast as the relay answers. */
import { askEach } from "../load/ask-each.ts";
import { measure, type Relay } from "../load/measure.ts";
import type { Meter } from "../load/meter.ts";
import { openLine } from "../load/socket.ts";
import { type Publication, publishers } from "../load/publisher.ts";
import type { Case } from "./case.ts";

const FULL = { connections: [1, 8, 32], inFlight: [1, 64] };
const QUICK = { connections: [8], inFlight: [64] };
/** A relay that stores more a second runs out of events, and is measured for less time. */
const MOST_PER_SECOND = 6000;
/** So many of the events are asked for in the end. */
const SAMPLE = 200;

export function ingest(isQuick: boolean): Case[] {
  const { connections, inFlight } = isQuick ? QUICK : FULL;
  return inFlight.flatMap((inFlight) => connections.map((connections) => publishing(connections, inFlight)));
}

function publishing(connections: number, inFlight: number): Case {
  return {
    scenario: "ingest",
    name: `ingest ${connections}×${inFlight}`,
    unit: "event",
    run: (relay, bench) =>
      measure(relay, bench.pace, async (meter) => {
        const sent: Publication[] = [];
        const publications = noted(bench.publications(MOST_PER_SECOND), sent);
        const load = await publishers(relay, meter, publications, { connections, pace: { inFlight } });
        return {
          ...load,
          async stop() {
            await load.stop();
            await checkStored(relay, sent, meter);
          },
        };
      }),
  };
}

function* noted(publications: Iterable<Publication>, sent: Publication[]): Generator<Publication> {
  for (const publication of publications) {
    sent.push(publication);
    yield publication;
  }
}

/** Asks for the last events that were published. */
async function checkStored(relay: Relay, sent: readonly Publication[], meter: Meter): Promise<void> {
  const ids = sent
    .filter(({ isReplaceable }) => !isReplaceable)
    .slice(-SAMPLE)
    .map(({ id }) => id);
  const line = await openLine(relay.url);
  await askEach([line], [{ verb: "REQ", filter: { ids }, ids, answer: "some" }], meter);
  line.end();
}
