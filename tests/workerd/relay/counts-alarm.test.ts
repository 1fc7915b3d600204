/** How a hub sends its counts: by its alarm, so that nothing keeps it awake. */
import { runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { describe, expect, it, vi } from "vitest";
import { Alarm } from "../../../worker/alarm.ts";
import { CountsAlarm } from "../../../worker/counts-alarm.ts";
import { connect } from "../client.ts";

const SECOND = 1000;

describe("a hub", () => {
  it("sends its counts by its alarm", async () => {
    const hub = env.HUB.getByName("counts");
    const client = await connect(hub);
    client.say("REQ", "s", { limit: 0 });
    await client.upTo("EOSE");
    // It may have fired already.
    await runDurableObjectAlarm(hub);
    const count = { name: "message_received_counts", labels: { source: "websocket" }, amounts: [1] };
    await vi.waitFor(
      async () =>
        expect(await env.COUNTERS.getByName("counters").figures()).toMatchObject({
          series: expect.arrayContaining([count]),
          gauges: { connections: expect.any(Number), subscriptions: expect.any(Number) },
        }),
      { timeout: 45_000 },
    );
    client.close();
  });
});

describe("the interval", () => {
  /** Returns the seconds at which counts are sent within two minutes, if there is always something to count. */
  async function sendings(interval: number, lateness = 0): Promise<number[]> {
    return inStorage(`interval ${interval} ${lateness}`, async (storage) => {
      const alarm = new Alarm(storage);
      const counts = new CountsAlarm(alarm, interval * SECOND);
      const start = Date.now() + 3600 * SECOND;
      const sent: number[] = [];
      let now = start;
      while (now < start + 120 * SECOND) {
        await counts.begin(now);
        now = ((await storage.getAlarm()) ?? Infinity) + lateness;
        await storage.deleteAlarm();
        alarm.hasFired();
        if (counts.isDue(now)) sent.push(Math.round((now - start) / SECOND));
      }
      return sent;
    });
  }

  it("is that of COUNTS_INTERVAL, as nearly as the alarm allows", async () => {
    expect((await sendings(1)).slice(0, 3)).toEqual([1, 2, 3]);
    expect((await sendings(10)).slice(0, 3)).toEqual([9, 18, 27]);
    expect((await sendings(10, -20)).slice(0, 3)).toEqual([9, 18, 27]);
    expect(await sendings(60)).toEqual([9, 72]);
  });
});

describe("the alarm", () => {
  it("is set to the earliest time", () =>
    inStorage("earliest", async (storage) => {
      const alarm = new Alarm(storage);
      const later = Date.now() + 3600 * SECOND;
      await Promise.all([alarm.by(later + 9), alarm.by(later + 1), alarm.by(later + 5)]);
      expect(await storage.getAlarm()).toBe(later + 1);
      await alarm.by(later + 2);
      expect(await storage.getAlarm()).toBe(later + 1);
      alarm.hasFired();
      await alarm.by(later + 2);
      expect(await storage.getAlarm()).toBe(later + 2);
      // After an eviction.
      await new Alarm(storage).by(later + 3);
      expect(await storage.getAlarm()).toBe(later + 2);
    }));
});

function inStorage<T>(name: string, work: (storage: DurableObjectStorage) => Promise<T>): Promise<T> {
  return runInDurableObject(env.COUNTERS.getByName(name), (_, { storage }) => work(storage));
}
