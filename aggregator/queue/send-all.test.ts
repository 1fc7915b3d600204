import { expect, it } from "vitest";
import { Counts } from "../../telemetry/counts.ts";
import { sendAll } from "./send-all.ts";
import { noTracer } from "../../telemetry/tracing.ts";

const to = { queue: "events", tracer: noTracer } as const;
const COUNT = { name: "queue_publish_counts", labels: { source: "upstream" } };

it("sends JSON in batches, with the delay, and counts the messages", async () => {
  const metrics = new Counts();
  const calls: [number, unknown][] = [];
  const sendBatch = async (messages: { contentType: string }[], options?: object) => {
    expect(messages.every(({ contentType }) => contentType === "json")).toBe(true);
    calls.push([messages.length, options]);
  };
  const bodies = Array.from({ length: 150 }, (_, n) => ({ n }));
  await sendAll({ sendBatch }, bodies, { ...to, metrics });
  await sendAll({ sendBatch }, bodies.slice(0, 1), { ...to, metrics, delaySeconds: 5 });
  await sendAll({ sendBatch }, [], { ...to, metrics });
  expect(calls).toEqual([
    [100, undefined],
    [50, undefined],
    [1, { delaySeconds: 5 }],
  ]);
  expect(metrics.list()).toEqual([{ ...COUNT, amounts: [151] }]);
});

it("counts what the queue has taken before it refuses", async () => {
  const metrics = new Counts();
  let calls = 0;
  const sendBatch = async () => {
    calls += 1;
    if (calls === 2) throw new Error("the queue is away");
  };
  await expect(sendAll({ sendBatch }, Array(250).fill(1), { ...to, metrics })).rejects.toThrow(
    "the queue is away",
  );
  expect(metrics.list()).toEqual([{ ...COUNT, amounts: [100] }]);
});
