/** Many connections at once. */
import { setTimeout } from "node:timers/promises";
import { askEach } from "../load/ask-each.ts";
import type { Relay } from "../load/measure.ts";
import { Meter, type Run } from "../load/meter.ts";
import { openAll } from "../load/open-all.ts";
import { usedBy } from "../load/processes.ts";
import { publishers } from "../load/publisher.ts";
import { subscribers } from "../load/subscribers.ts";
import type { Bench, Case } from "./case.ts";

const IDLE = { full: 10_000, quick: 500 };
/** Memory that was needed only for opening is free after so long, in milliseconds. */
const SETTLING = 3000;
/** Cloudflare, and `npm start`, evict an object after ten seconds without work. */
const UNTIL_EVICTED = 15_000;
const PUBLISHED = 20;

/** So many connections open, and then each sends its first REQ: what names its user. */
export function storm(isQuick: boolean): Case {
  const count = isQuick ? 200 : 2000;
  return {
    scenario: "storm",
    name: `storm of ${count}`,
    unit: "connection",
    run: (...of) => runStorm(count, ...of),
  };
}

async function runStorm(count: number, relay: Relay, bench: Bench): Promise<Run> {
  const meter = new Meter();
  const before = usedBy(relay.pid);
  meter.begin(before);
  const lines = await openAll(relay.url, count, meter, (begun) => meter.answered(begun));
  meter.end(usedBy(relay.pid));
  await setTimeout(SETTLING);
  const idle = usedBy(relay.pid);
  const { figures } = meter.run;
  if (before && idle) figures["KB per connection"] = (idle.memory - before.memory) / 1000 / count;
  const begun = performance.now();
  await askEach(lines, bench.firstQuestions(count), meter);
  figures["seconds until all have EOSE"] = (performance.now() - begun) / 1000;
  const after = usedBy(relay.pid);
  if (idle && after) figures["CPU-ms per REQ"] = (after.cpuMilliseconds - idle.cpuMilliseconds) / count;
  for (const line of lines) line.end();
  // The next case must not see how they are closed.
  await setTimeout(SETTLING);
  return meter.result();
}

/** 10,000 subscribers are idle until the hub is evicted. Then notes are published, which must wake it and reach all. */
export function idle(isQuick: boolean): Case {
  const count = isQuick ? IDLE.quick : IDLE.full;
  return {
    scenario: "idle",
    name: `${count} idle connections`,
    unit: "delivery",
    run: (...of) => runIdle(count, ...of),
  };
}

async function runIdle(count: number, relay: Relay, bench: Bench): Promise<Run> {
  const meter = new Meter();
  const before = usedBy(relay.pid);
  const crowd = await subscribers(relay, meter, count);
  await setTimeout(UNTIL_EVICTED);
  const idle = usedBy(relay.pid);
  if (before && idle) meter.run.figures["KB per connection"] = (idle.memory - before.memory) / 1000 / count;
  const notes = crowd.sending(bench.notes(PUBLISHED).slice(0, PUBLISHED));
  const load = await publishers(relay, meter.beside("stored"), notes, {
    connections: 1,
    pace: { inFlight: 1 },
  });
  meter.begin(idle);
  load.start();
  await load.finished;
  await crowd.settle();
  meter.end(usedBy(relay.pid));
  load.close();
  crowd.close();
  await setTimeout(SETTLING);
  return meter.result();
}
