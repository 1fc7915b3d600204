/** Tests who may read /metrics. */
import { generateSecretKey } from "nostr-tools/pure";
import { afterEach, expect, it } from "vitest";
import { PUBKEY } from "../tests/fixtures/author.ts";
import { leaseDue, settlePull } from "../aggregator/pull/schedule.ts";
import { type HttpApi, openHttpApi } from "../tests/fixtures/http-api.ts";
import { heldBy, pulledUpTo } from "../tests/fixtures/pulls.ts";
import { migratedSqlite } from "../tests/fixtures/sqlite.ts";
import { authorizationEvent, headerOf } from "../tests/fixtures/management.ts";

const TOKEN = "correct-horse-battery-staple";
const REMOTE = { "cf-connecting-ip": "203.0.113.7" };

let api: HttpApi | undefined;
afterEach(() => {
  api?.close();
  api = undefined;
});

async function ask(settings: Record<string, string>, headers: Record<string, string>): Promise<Response> {
  api ??= openHttpApi({ RELAY_ADMINS: PUBKEY, ...settings });
  return api.request("/metrics", { headers });
}

function signed(url = "http://relay.test/metrics", secret?: Uint8Array): string {
  const now = Math.floor(Date.now() / 1000);
  return headerOf(authorizationEvent({ url, method: "GET", body: undefined, now }, secret));
}

it.each<[string, Record<string, string>, Record<string, string>, number]>([
  ["this machine", {}, {}, 200],
  ["this machine by its address", {}, { "cf-connecting-ip": "127.0.0.1" }, 200],
  ["a stranger", {}, REMOTE, 401],
  ["an address that cannot be read", {}, { "cf-connecting-ip": "nobody" }, 401],
  ["a stranger with an empty token", {}, { ...REMOTE, authorization: "Bearer " }, 401],
  ["a stranger with some token", {}, { ...REMOTE, authorization: `Bearer ${TOKEN}` }, 401],
  ["the token", { METRICS_TOKEN: TOKEN }, { ...REMOTE, authorization: `Bearer ${TOKEN}` }, 200],
  [
    "the token, in lower case",
    { METRICS_TOKEN: TOKEN },
    { ...REMOTE, authorization: `bearer ${TOKEN}` },
    200,
  ],
  ["another token", { METRICS_TOKEN: TOKEN }, { ...REMOTE, authorization: `Bearer ${TOKEN}x` }, 401],
  ["no token", { METRICS_TOKEN: TOKEN }, REMOTE, 401],
  ["this machine, where there is a token", { METRICS_TOKEN: TOKEN }, {}, 401],
  ["an admin", {}, { ...REMOTE, authorization: signed() }, 200],
  ["an admin, where there is a token", { METRICS_TOKEN: TOKEN }, { ...REMOTE, authorization: signed() }, 200],
  [
    "an admin's signature for another address",
    {},
    { ...REMOTE, authorization: signed("http://relay.test/") },
    401,
  ],
  [
    "an admin, where the relay has no address",
    { RELAY_URL: "" },
    { ...REMOTE, authorization: signed() },
    401,
  ],
])("%s, with %j: %j is answered %i", async (_, settings, headers, status) => {
  const response = await ask(settings, headers);
  expect(response.status).toBe(status);
  const text = await response.text();
  expect(text).toMatch(
    status === 200 ? /^# TYPE events_stored_total counter$/m : /"auth-required".*set METRICS_TOKEN/,
  );
  expect(response.headers.get("www-authenticate")).toBe(status === 200 ? null : "Bearer, Nostr");
  expect(text).not.toContain(TOKEN);
});

it("a key that is not an admin's reads nothing", async () => {
  const authorization = signed(undefined, generateSecretKey());
  expect((await ask({}, { ...REMOTE, authorization })).status).toBe(401);
});

it("has the lag and the failures of each upstream that is pulled", async () => {
  const db = migratedSqlite();
  api = openHttpApi({ RELAY_ADMINS: PUBKEY, UPSTREAMS: "wss://a.test,wss://b.test,wss://c.test" }, db);
  const now = Math.floor(Date.now() / 1000);
  const leases = await leaseDue(db, ["wss://a.test", "wss://b.test"], now);
  for (const { url, until } of leases) {
    const cursor = url.includes("a.test") ? { pulledTo: now - 500, pending: [] } : { pending: [] };
    const next = { failures: url.includes("a.test") ? 0 : 4, nextPull: now, now };
    await settlePull(db, heldBy({ url, until }), pulledUpTo(cursor), next);
  }
  const text = await (await api.request("/metrics")).text();
  const gauges = text.split("\n").filter((line) => line.startsWith("upstream_"));
  expect(gauges).toEqual([
    expect.stringMatching(/^upstream_lag_seconds\{upstream="wss:\/\/a.test"\} 50\d$/),
    'upstream_failures{upstream="wss://a.test"} 0',
    'upstream_failures{upstream="wss://b.test"} 4',
  ]);
});

it("shows the counters even if the database does not answer", async () => {
  api = openHttpApi();
  api.close();
  const text = await (await api.request("/metrics")).text();
  expect(text).toContain("# TYPE events_stored_total counter");
  expect(text).not.toContain("upstream_");
  expect(api.reported.length).toBeGreaterThan(0);
  api = undefined;
});

it("checking a signature is charged", async () => {
  const statuses: number[] = [];
  const headers = { ...REMOTE, authorization: signed("http://other.test/metrics") };
  for (let n = 0; n < 10; n += 1) statuses.push((await ask({ RATE_LIMIT: "1000" }, headers)).status);
  expect(statuses).toEqual([...times(9, 401), 429]);
});

function times(count: number, status: number): number[] {
  return Array.from({ length: count }, () => status);
}
