/** The object that sums the counts of both Workers. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import type { Count } from "../../../telemetry/counts.ts";

const GOOD: Count = { name: "events_stored_counts", source: "queue", amount: 2 };

it("sums up, and writes the sums once before it is evicted", async () => {
  const counters = env.COUNTERS.getByName("sums");
  await counters.add([GOOD]);
  await counters.add([GOOD, { ...GOOD, source: "http" }]);
  expect(await runInDurableObject(counters, (_, { storage }) => storage.kv.get("sums"))).toBeUndefined();
  const alarm = await runInDurableObject(counters, (_, { storage }) => storage.getAlarm());
  expect((alarm ?? Infinity) - Date.now()).toBeLessThan(10_000);
  expect(await runDurableObjectAlarm(counters)).toBe(true);
  await evictDurableObject(counters);
  expect(await counters.read()).toEqual([
    { ...GOOD, amount: 4 },
    { ...GOOD, source: "http" },
  ]);
});

it("what it has shown stays counted, also if it is reset before it would have written", async () => {
  const counters = env.COUNTERS.getByName("shown");
  await counters.add([GOOD]);
  expect(await counters.read()).toEqual([GOOD]);
  await evictDurableObject(counters);
  expect(await counters.read()).toEqual([GOOD]);
  await counters.add([GOOD]);
  expect(await runDurableObjectAlarm(counters)).toBe(true);
  await evictDurableObject(counters);
  expect(await counters.read()).toEqual([{ ...GOOD, amount: 4 }]);
});

it.each([
  [{ ...GOOD, name: "made_up_counts" }, /"made_up_counts"/],
  [{ ...GOOD, source: "cron" }, /websocket, http, queue/],
  [{ ...GOOD, amount: 0 }, /events_stored_counts grows by/],
  [{ ...GOOD, amount: 1.5 }, /events_stored_counts grows by/],
  [{ ...GOOD, amount: Number.NaN }, /events_stored_counts grows by/],
])("refuses %j, with all that came with it", async (bad, problem) => {
  const counters = env.COUNTERS.getByName(`refuses ${JSON.stringify(bad)}`);
  await runInDurableObject(counters, async (instance) => {
    await expect(instance.add([GOOD, bad as Count])).rejects.toThrow(problem);
  });
  expect(await counters.read()).toEqual([]);
});
