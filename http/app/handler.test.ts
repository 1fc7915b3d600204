/** How often each kind of request calls the database, with the same wiring as in the Worker. */
import { afterEach, beforeEach, expect, it, onTestFinished, vi } from "vitest";
import { areReads } from "../../store/database/database.ts";
import { wrapDatabase } from "../../store/database/wrapped-database.ts";
import { PUBKEY } from "../../tests/fixtures/author.ts";
import { countedSqlite, type CountedDatabase } from "../../tests/fixtures/counted-database.ts";
import { type HttpApi, openHttpApi } from "../../tests/fixtures/http-api.ts";
import { manage, managementRequest } from "../../tests/fixtures/management.ts";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";

const ADDRESS = { "cf-connecting-ip": "203.0.113.7" };
const DOCUMENT = { accept: "application/nostr+json" };

let db: CountedDatabase;
let api: HttpApi;
beforeEach(() => {
  db = countedSqlite();
  api = openHttpApi({ RELAY_ADMINS: PUBKEY }, db);
});
afterEach(() => api.close());

async function callsOf(path: string, init: RequestInit = {}): Promise<[status: number, calls: number]> {
  const before = db.calls;
  const headers = new Headers(init.headers);
  headers.set("cf-connecting-ip", ADDRESS["cf-connecting-ip"]);
  const { status } = await api.request(path, { ...init, headers });
  return [status, db.calls - before];
}

it.each<[string, string, RequestInit, number]>([
  ["nothing that is there", "/nowhere", {}, 404],
  ["nothing below events", "/api/v1/events/a/b", {}, 404],
  ["a wrong method", "/metrics", { method: "DELETE" }, 405],
  ["a preflight", "/api/v1/events", { method: "OPTIONS" }, 204],
  ["metrics, as a stranger", "/metrics", {}, 401],
  ["the OpenAPI document", "/api/v1/openapi.json", {}, 200],
  [
    "a management call without a signature",
    "/",
    { method: "POST", headers: { "content-type": "application/nostr+json+rpc" } },
    401,
  ],
])("%s is answered without the database", async (_, path, init, status) => {
  expect(await callsOf(path, init)).toEqual([status, 0]);
});

it("whoever is limited is refused without the database, whatever is asked for", async () => {
  api.close();
  db = countedSqlite();
  api = openHttpApi({ RATE_LIMIT: "1000" }, db);
  for (let n = 0; n < 100; n += 1) await api.request("/nowhere", { headers: ADDRESS });
  for (const path of ["/", "/health", "/metrics", "/api/v1/events", "/api/v1/events/count"])
    expect([path, ...(await callsOf(path))]).toEqual([path, 429, 0]);
  const before = db.calls;
  expect((await api.fetch(managementRequest("{}", ADDRESS))).status).toBe(429);
  expect(db.calls - before).toBe(0);
});

it("the relay document and the page read what operators decided once in a few seconds", async () => {
  // However slow the machine is.
  vi.useFakeTimers({ toFake: ["Date"] });
  onTestFinished(() => void vi.useRealTimers());
  expect(await callsOf("/", { headers: DOCUMENT })).toEqual([200, 1]);
  for (let n = 0; n < 5; n += 1) {
    expect(await callsOf("/", { headers: DOCUMENT })).toEqual([200, 0]);
    // The first page also reads its notes, their authors and the upstreams.
    expect(await callsOf("/")).toEqual([200, n === 0 ? 3 : 0]);
  }
});

it("the relay document shows what was decided here as soon as the admin is answered", async () => {
  expect(await callsOf("/", { headers: DOCUMENT })).toEqual([200, 1]);
  expect(await manage(api, "changerelayname", "new name")).toMatchObject({ result: true });
  const response = await api.request("/", { headers: DOCUMENT });
  expect(await response.json()).toMatchObject({ name: "new name" });
});

it("the relay document is a few seconds old at most, also for those who ask at the same time", async () => {
  await callsOf("/", { headers: DOCUMENT });
  await manage(openHttpApi({ RELAY_ADMINS: PUBKEY }, db), "changerelayname", "new name");
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + 3_600_000 });
  onTestFinished(() => void vi.useRealTimers());
  const responses = await Promise.all([1, 2].map(() => api.request("/", { headers: DOCUMENT })));
  for (const response of responses) expect(await response.json()).toMatchObject({ name: "new name" });
});

it("a read asks what operators decided together with its question", async () => {
  const paths = ["/api/v1/events", "/api/v1/events/count?kinds=1", `/api/v1/events/${"a".repeat(64)}`];
  for (const path of paths) expect([path, (await callsOf(path))[1]]).toEqual([path, 1]);
  expect(await callsOf("/health/ready")).toEqual([200, 1]);
  expect(await callsOf("/health")).toEqual([200, 0]);
});

it("what was decided elsewhere holds for events at once", async () => {
  expect(await callsOf("/api/v1/events")).toEqual([200, 1]);
  const elsewhere = openHttpApi({ RELAY_ADMINS: PUBKEY }, db);
  await manage(elsewhere, "blockip", "203.0.113.7");
  expect((await callsOf("/api/v1/events"))[0]).toBe(403);
  expect((await callsOf("/nowhere"))[0]).toBe(403);
  await manage(elsewhere, "unblockip", "203.0.113.7");
  expect((await callsOf("/nowhere"))[0]).toBe(404);
  await manage(elsewhere, "changewriteaccess", "auth");
  const post = { method: "POST", body: JSON.stringify(signedEvent()), headers: ADDRESS };
  expect((await api.request("/api/v1/events", post)).status).toBe(401);
});

it("few events of one address are published at once, and a few of all", async () => {
  api.close();
  const sqlite = countedSqlite();
  const held: (() => void)[] = [];
  let isHeld = false;
  // While `isHeld` is set, commits wait until the test lets them pass.
  const holding = wrapDatabase(sqlite, async (statements, run) => {
    if (isHeld && !areReads(statements)) await new Promise<void>((go) => void held.push(go));
    return run();
  });
  api = openHttpApi({}, { ...holding, close: () => sqlite.close() });
  const post = (ip: string, n: number) =>
    api.request("/api/v1/events", {
      method: "POST",
      headers: { "cf-connecting-ip": ip },
      body: JSON.stringify(signedEvent({ content: `${ip} ${n}` })),
    });
  // The first request loads the decisions of operators.
  await post("203.0.113.7", 0);
  isHeld = true;
  const answers = [1, 2, 3, 4, 5].map((n) => post("203.0.113.7", n));
  await vi.waitFor(() => expect(held).toHaveLength(2));
  answers.push(...[8, 9, 10].map((n) => post(`203.0.113.${n}`, 1)));
  await vi.waitFor(() => expect(held).toHaveLength(4));
  await new Promise((later) => setTimeout(later));
  expect(held).toHaveLength(4);
  for (let n = 0; n < answers.length; n += 1) {
    await vi.waitFor(() => expect(held.length).toBeGreaterThan(n));
    held[n]?.();
  }
  expect((await Promise.all(answers)).map(({ status }) => status)).toEqual(Array(8).fill(201));
});
