import { afterEach, beforeEach, expect, it } from "vitest";
import { beginChoice, endChoice } from "../../store/upstreams/outbox.ts";
import { DEFAULT_SETTINGS } from "../../store/upstreams/upstream-settings.ts";
import { PUBKEY } from "../../tests/fixtures/author.ts";
import { type HttpApi, openHttpApi } from "../../tests/fixtures/http-api.ts";
import { manage } from "../../tests/fixtures/management.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";

const [ALICE, BOB] = ["a".repeat(64), "b".repeat(64)];
let db: ReturnType<typeof migratedSqlite>;
let api: HttpApi;
beforeEach(() => {
  db = migratedSqlite();
  api = openHttpApi({ RELAY_ADMINS: PUBKEY }, db);
});
afterEach(() => api.close());

const now = () => Math.floor(Date.now() / 1000);
const call = (method: string, ...params: unknown[]) => manage(api, method, ...params);
const NOTHING = { authors: 0, onOne: 0, onNone: 0, withoutList: 0 };

it("keys are added, listed and removed", async () => {
  expect((await call("listoutboxes")).result).toEqual({ keys: [], ...NOTHING, relays: [] });
  for (const key of [ALICE, BOB]) expect(await call("addoutbox", key)).toEqual({ status: 200, result: true });
  expect((await call("addoutbox", ALICE)).error).toBe(`what ${ALICE} follows is pulled already`);
  expect((await call("listoutboxes")).result).toMatchObject({
    keys: [{ pubkey: ALICE, addedAt: expect.any(Number) }, { pubkey: BOB }],
  });
  expect(await call("removeoutbox", ALICE)).toEqual({ status: 200, result: true });
  expect((await call("removeoutbox", ALICE)).error).toContain("listoutboxes lists the keys");
  expect((await beginChoice(db, now()))?.keys).toEqual([BOB]);
  expect((await call("addoutbox", "alice")).error).toContain("pubkey is");
});

it("at most 20 keys", async () => {
  for (let n = 0; n < 20; n += 1) await call("addoutbox", n.toString(16).padStart(64, "0"));
  expect((await call("addoutbox", ALICE)).error).toBe("there are 20 keys, and no more are allowed");
});

it("says which relays were chosen, and they cannot be removed but paused", async () => {
  const url = "wss://one.example";
  await call("addoutbox", ALICE);
  await beginChoice(db, now());
  const found = { ...NOTHING, version: 1, chosenAt: 5, authors: 2, onOne: 2, relays: 1 } as const;
  const settings = { ...DEFAULT_SETTINGS, filters: [{ authors: [ALICE] }, { authors: [BOB] }] };
  const cursor = { version: 2, filters: {} } as const;
  const result = { found, begun: now(), dueAt: now() + 3600, now: now() };
  await endChoice(db, [{ do: "put", url, settings, cursor, pulls: 0 }], result);
  expect((await call("listoutboxes")).result).toMatchObject({
    authors: 2,
    onOne: 2,
    chosenAt: 5,
    relays: [{ url, authors: 2, failures: 0, isPaused: false }],
  });
  expect((await call("removeupstream", url)).error).toContain("pause it");
  expect(await call("pauseupstream", url)).toEqual({ status: 200, result: true });
  const [relay] = ((await call("listoutboxes")).result as { relays: { isPaused: boolean }[] }).relays;
  expect(relay?.isPaused).toBe(true);
  expect(await call("listupstreams")).toMatchObject({ result: [{ url, origin: "outbox" }] });
});
