/** A relay that somebody else has started. It must be empty: the events are published to it. */
import type { Event } from "../../../nostr/event.ts";
import { CommandError } from "../../shared/usage.ts";
import { storedEvents, type CorpusOptions } from "../corpus/corpus.ts";
import { Meter } from "../load/meter.ts";
import { publicationOf, publishers, type Publication } from "../load/publisher.ts";
import { abilitiesOf } from "./information.ts";
import type { Say, StartedRelay } from "./started.ts";

const CLIENTS = { connections: 4, pace: { inFlight: 32 } };
const PER_LINE = 10_000;

export async function fillRunning(
  { url, pid }: { url: string; pid: number | undefined },
  corpus: CorpusOptions,
  say: Say,
): Promise<StartedRelay> {
  const relay = { name: url, about: url, url, pid, ...(await abilitiesOf(url)) };
  say(`${url}: publishing ${corpus.count} events`);
  const meter = new Meter();
  const load = await publishers(relay, meter, publications(storedEvents(corpus), url, say), CLIENTS);
  load.start();
  await load.finished;
  load.close();
  // A version of an event may overtake the one before it, which is then refused.
  const failed = Object.entries(meter.run.errors).filter(
    ([reason]) => !/^(duplicate|replaced):/.test(reason),
  );
  if (failed.length > 0)
    throw new CommandError(`${url} has not stored all events: ${JSON.stringify(Object.fromEntries(failed))}`);
  return { ...relay, bytes: undefined, stop: async () => undefined };
}

function* publications(events: Iterable<Event>, url: string, say: Say): Generator<Publication> {
  let count = 0;
  for (const event of events) {
    yield publicationOf(event);
    count += 1;
    if (count % PER_LINE === 0) say(`${url}: ${count} events`);
  }
}
