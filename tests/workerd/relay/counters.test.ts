/** The object that sums the counts of both Workers. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { expect, it } from "vitest";
import type { Series } from "../../../telemetry/series.ts";

const GOOD: Series = { name: "clients_limited_total", labels: { source: "http" }, amounts: [2] };
const OTHER: Series = { ...GOOD, labels: { source: "websocket" } };
const report = (...series: Series[]) => ({ version: 3 as const, series });

it("sums up, and writes the sums once before it is evicted", async () => {
  const counters = env.COUNTERS.getByName("sums");
  await counters.add(report(GOOD));
  await counters.add(report(GOOD, OTHER));
  expect(await runInDurableObject(counters, (_, { storage }) => storage.kv.get("sums"))).toBeUndefined();
  const alarm = await runInDurableObject(counters, (_, { storage }) => storage.getAlarm());
  expect((alarm ?? Infinity) - Date.now()).toBeLessThan(10_000);
  expect(await runDurableObjectAlarm(counters)).toBe(true);
  await evictDurableObject(counters);
  expect((await counters.figures()).series).toEqual([{ ...GOOD, amounts: [4] }, OTHER]);
});

it("what it has shown stays counted, also if it is reset before it would have written", async () => {
  const counters = env.COUNTERS.getByName("shown");
  const shown = async () => (await counters.figures()).series;
  await counters.add(report(GOOD));
  expect(await shown()).toEqual([GOOD]);
  await evictDurableObject(counters);
  expect(await shown()).toEqual([GOOD]);
  await counters.add(report(GOOD));
  expect(await runDurableObjectAlarm(counters)).toBe(true);
  await evictDurableObject(counters);
  expect(await shown()).toEqual([{ ...GOOD, amounts: [4] }]);
});

it("refuses a report with a mistake, and all that came with it", async () => {
  const counters = env.COUNTERS.getByName("refuses");
  await runInDurableObject(counters, async (instance) => {
    await expect(instance.add(report(GOOD, { ...GOOD, amounts: [0] }))).rejects.toThrow(/grows by/);
  });
  expect(await counters.figures()).toEqual({ series: [], gauges: { connections: 0, subscriptions: 0 } });
});

it("writes one row for each minute, and reads it after an eviction", async () => {
  const counters = env.COUNTERS.getByName("history");
  const minute = Math.floor(Date.now() / 60_000) - 5;
  const sample = { version: 1, at: 60 * minute, series: [GOOD], gauges: { connections: 3 } };
  const written = await runInDurableObject(counters, (_, { storage }) => {
    const rows = () =>
      storage.sql.exec(
        "INSERT INTO sample (range, slot, at, data) VALUES ('hour', ?, ?, ?) ON CONFLICT DO UPDATE SET at = excluded.at, data = excluded.data",
        minute % 60,
        sample.at,
        JSON.stringify(sample),
      ).rowsWritten;
    return [rows(), rows()];
  });
  expect(written).toEqual([1, 1]);
  await evictDurableObject(counters);
  const { counters: found, times } = await counters.stats("hour");
  const { values = [] } = found.find(({ name }) => name === GOOD.name) ?? {};
  expect(values[times.indexOf(sample.at)]).toBe(2);
});
