/** Tests the statistics, and what anybody may know. */
import { afterEach, beforeEach, expect, it } from "vitest";
import type { StatsAnswer } from "../telemetry/stats-answer.ts";
import { type HttpApi, openHttpApi } from "../tests/fixtures/http-api.ts";
import { signedEvent } from "../tests/fixtures/signed-events.ts";
import { RecentFigures } from "./public-figures.ts";

const TOKEN = "correct-horse-battery-staple";
const REMOTE = { "cf-connecting-ip": "203.0.113.7" };
let api: HttpApi;
beforeEach(() => {
  api = openHttpApi({ METRICS_TOKEN: TOKEN });
});
afterEach(() => api.close());

const ask = (query: string, headers: Record<string, string> = { authorization: `Bearer ${TOKEN}` }) =>
  api.request(`/api/v1/stats${query}`, { headers: { ...REMOTE, ...headers } });

it.each([
  ["", "hour", 60, 60],
  ["?range=hour", "hour", 60, 60],
  ["?range=day", "day", 900, 96],
  ["?range=month", "month", 14_400, 186],
])("%j is %s, in steps of %i seconds", async (query, range, step, steps) => {
  const response = await ask(query);
  expect(response.status).toBe(200);
  const answer = (await response.json()) as StatsAnswer;
  expect(answer).toMatchObject({ range, step, costs: { limit: null } });
  expect(answer.times).toHaveLength(steps);
});

it("another range is a mistake", async () => {
  const response = await ask("?range=year");
  expect(response.status).toBe(400);
  expect(await response.json()).toEqual({
    error: { code: "invalid", message: 'range is "year", expected one of hour, day, month' },
  });
});

it("strangers read nothing", async () => {
  const response = await ask("", {});
  expect(response.status).toBe(401);
  expect(response.headers.get("www-authenticate")).toBe("Bearer, Nostr");
});

it("public figures are asked for rarely, and count what a stranger can read", async () => {
  for (const kind of [1, 1059]) {
    const event = signedEvent({ kind });
    const body = JSON.stringify(event);
    const headers = { "content-type": "application/json" };
    expect((await api.request("/api/v1/events", { method: "POST", body, headers })).status).toBe(201);
  }
  const figures = new RecentFigures();
  let asked = 0;
  const counted = async () => ({ connections: (asked += 1), eventsToday: 0, lastEventAt: null });
  const read = (now: number) => figures.read({ store: api.store, counted, now });
  const start = Math.floor(Date.now() / 1000);
  expect(await read(start)).toEqual({ connections: 1, eventsToday: 0, lastEventAt: null, stored: 1 });
  expect((await read(start + 9)).connections).toBe(1);
  expect((await read(start + 10)).connections).toBe(2);
});
