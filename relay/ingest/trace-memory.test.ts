import { expect, it } from "vitest";
import type { TracedEvent } from "../../store/watch/event-traces.ts";
import { TraceMemory } from "./trace-memory.ts";

const [ONE, TWO, THREE] = ["1", "2", "3"].map((digit) => ({
  id: digit.repeat(64),
  trace: digit.repeat(32),
})) as [TracedEvent, TracedEvent, TracedEvent];

function memory(remember: (events: readonly TracedEvent[]) => Promise<void>) {
  const works: Promise<void>[] = [];
  const reported: unknown[] = [];
  const pauses: (() => void)[] = [];
  const traces = new TraceMemory({
    traces: { remember },
    pause: () => new Promise((resolve) => pauses.push(resolve)),
    background: (work) => void works.push(work),
    report: (error) => void reported.push(error),
  });
  const endPause = async () => {
    for (const end of pauses.splice(0)) end();
    await Promise.all(works);
  };
  return { traces, reported, pauses, endPause };
}

it("remembers together what comes within one pause, and what comes later after the next", async () => {
  const written: (readonly TracedEvent[])[] = [];
  const { traces, endPause, pauses } = memory(async (events) => void written.push(events));
  traces.remember([ONE]);
  traces.remember([]);
  traces.remember([TWO]);
  expect([written, pauses.length]).toEqual([[], 1]);
  await endPause();
  traces.remember([THREE]);
  await endPause();
  expect(written).toEqual([[ONE, TWO], [THREE]]);
});

it("reports once that the database failed, and goes on", async () => {
  let failures = 1;
  const written: (readonly TracedEvent[])[] = [];
  const { traces, reported, endPause } = memory(async (events) => {
    if (failures-- > 0) throw new Error("away");
    written.push(events);
  });
  traces.remember([ONE]);
  traces.remember([TWO]);
  await endPause();
  traces.remember([THREE]);
  await endPause();
  expect([reported, written]).toEqual([[new Error("away")], [[THREE]]]);
});
