/** What the counters count, and what a hub and the Worker do because of it. Here SPEND_LIMIT is 100. */
import { evictDurableObject, runDurableObjectAlarm } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { expect, it, vi } from "vitest";
import type { Series } from "../../../telemetry/series.ts";
import { PRICES } from "../../../telemetry/prices.ts";
import { connect, eventually } from "../client.ts";

const counters = env.COUNTERS.getByName("counters");
const hub = env.HUB.getByName("spending");
const { amount, included, dollars: price } = PRICES.rowsWritten;

/** Counts rows that cost so much more, and returns what the relay must do because of it. */
async function spend(dollars: number, free = 0) {
  const rows = free + (dollars * amount) / price;
  const written: Series = { name: "d1_rows_written_total", labels: { source: "cron" }, amounts: [rows] };
  await counters.add({ version: 3, series: [written] });
  // An object that has just started knows no answer of the minute before.
  await runDurableObjectAlarm(counters);
  await evictDurableObject(counters);
  return (await counters.spending())?.level;
}

/** Returns how a client with an address asks. It is answered EOSE, or why not. */
async function asking(ip: string) {
  const headers = { upgrade: "websocket", "cf-connecting-ip": ip };
  const client = await connect({ fetch: (url) => hub.fetch(url, { headers }) });
  const ask = async () => {
    client.say("REQ", "question", { limit: 1 });
    const answer = await eventually(
      () => client.take().find(([verb]) => verb === "EOSE" || verb === "CLOSED"),
      () => "no answer",
    );
    return answer?.[0] === "CLOSED" ? answer[2] : answer?.[0];
  };
  return { client, ask };
}

/** Lets the hub send what it counts, and so hear what it must do, until this is the answer. */
async function becomes(answer: RegExp, ask: () => Promise<unknown>): Promise<void> {
  await vi.waitFor(
    async () => {
      await runDurableObjectAlarm(hub);
      expect(await ask()).toMatch(answer);
    },
    { timeout: 45_000, interval: 100 },
  );
}

it("slows clients down, then serves only admins, and ends no connection", async () => {
  const [busy, other] = [await asking("203.0.113.9"), await asking("203.0.113.10")];
  // A third of RATE_LIMIT: more than a client of a slow relay may use in a minute.
  for (let n = 0; n < 500; n += 1) busy.client.sayText("nonsense");
  expect(await busy.ask()).toBe("EOSE");
  expect(await spend(94.9, included)).toBe("slow");
  await becomes(/^rate-limited: too many requests; retry in \d+ s/, async () => {
    // What it may use comes back meanwhile.
    for (let n = 0; n < 10; n += 1) busy.client.sayText("nonsense");
    return busy.ask();
  });
  expect(await other.ask()).toBe("EOSE");
  expect(await spend(0.2)).toBe("stopped");
  await becomes(/^rate-limited: the relay has spent what it may spend this month/, other.ask);
  const headers = { "cf-connecting-ip": "203.0.113.11" };
  const response = await exports.default.fetch("https://relay.test/api/v1/events", { headers });
  expect([response.status, response.headers.get("retry-after")]).toEqual([429, "3600"]);
  for (const { client } of [busy, other]) client.close();
});
