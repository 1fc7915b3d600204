import { afterEach, beforeEach, expect, it } from "vitest";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import type { Change, ListName } from "../moderation/moderation.ts";
import { createRefusedIds, type RefusedIds } from "./refused-ids.ts";
import { createModerationStore } from "../moderation/sql-moderation.ts";

const [BAD, OTHER] = ["wss://bad.example/", "wss://other.example/"];
const NOW = 1_700_000_000;
const DAY = 86_400;

let db: ReturnType<typeof migratedSqlite>;
let memory: RefusedIds;
beforeEach(() => {
  db = migratedSqlite();
  memory = createRefusedIds(db, "settings");
});
afterEach(() => db.close());

const idsFrom = (first: number, count = 1) =>
  Array.from({ length: count }, (_, n) => (first + n).toString(16).padStart(64, "0"));
const [A = "", B = "", C = ""] = idsFrom(1, 3);

/** Remembers ids as a consumer does: it asks for the rules before it judges. */
async function refuse(upstream: string, ids: string[], now = NOW): Promise<void> {
  const { rules } = await memory.look(upstream, ids);
  await memory.remember({ upstream, ids, rules, now });
}

const refusedOf = async (upstream: string, ids = [A, B, C]) =>
  [...(await memory.look(upstream, ids)).refused].toSorted();

async function count(): Promise<number> {
  const { results } = await db.prepare("SELECT count(*) AS n FROM refused_event").all<{ n: number }>();
  return results[0]?.n ?? 0;
}

async function decide(...changes: Change[]): Promise<void> {
  const entry = { at: NOW, pubkey: A, method: "m", params: [], outcome: "done" };
  await createModerationStore(db).change(changes, entry);
}

const add = (list: ListName, subject: string): Change => ({ do: "add", list, subject, reason: "" });
const remove = (list: ListName, subject: string): Change => ({ do: "remove", list, subject });

it("knows what an upstream was refused, and keeps no other upstream from sending it", async () => {
  await refuse(BAD, [A, B]);
  expect(await refusedOf(BAD)).toEqual([A, B]);
  expect(await refusedOf(OTHER)).toEqual([]);
  expect(await refusedOf(BAD, [])).toEqual([]);
});

it.each<[string, Change[], Change]>([
  ["a key is no longer banned", [add("banned-pubkey", A)], remove("banned-pubkey", A)],
  ["an event is no longer banned", [add("banned-event", A)], remove("banned-event", A)],
  ["a kind is no longer banned", [add("disallowed-kind", "7")], remove("disallowed-kind", "7")],
  ["a kind is allowed beside others", [add("allowed-kind", "1")], add("allowed-kind", "7")],
  ["the last allowed kind is removed", [add("allowed-kind", "1")], remove("allowed-kind", "1")],
])("asks again for everything when %s", async (_, before, change) => {
  await decide(...before);
  await refuse(BAD, [A]);
  const { rules } = await memory.look(BAD, [B]);
  await decide(change);
  expect(await refusedOf(BAD)).toEqual([]);
  // Judged before the decision, and written after it.
  await memory.remember({ upstream: BAD, ids: [B], rules, now: NOW });
  expect(await refusedOf(BAD)).toEqual([]);
  await refuse(BAD, [A]);
  expect(await refusedOf(BAD)).toEqual([A]);
});

it.each<[string, Change]>([
  ["a key is banned", add("banned-pubkey", A)],
  ["a kind is banned", add("disallowed-kind", "7")],
  ["a key that was never banned is unbanned", remove("banned-pubkey", A)],
  ["an address is no longer blocked", remove("blocked-ip", "192.0.2.1")],
  ["the relay is renamed", { do: "set", setting: "RELAY_NAME", value: "new" }],
])("asks for nothing again when %s", async (_, change) => {
  await decide(add("blocked-ip", "192.0.2.1"));
  await refuse(BAD, [A]);
  await decide(change);
  expect(await refusedOf(BAD)).toEqual([A]);
});

it("asks again for everything under other settings", async () => {
  await refuse(BAD, [A]);
  memory = createRefusedIds(db, "other settings");
  expect(await refusedOf(BAD)).toEqual([]);
});

it("forgets after seven days", async () => {
  await refuse(BAD, [A], NOW);
  await refuse(BAD, [B], NOW + 1);
  await memory.forget(NOW + 7 * DAY);
  expect(await refusedOf(BAD)).toEqual([A, B]);
  await memory.forget(NOW + 7 * DAY + 1);
  expect(await refusedOf(BAD)).toEqual([B]);
});

it("holds at most some ten thousand ids of an upstream, the latest, and all of the others", async () => {
  await refuse(OTHER, [A], NOW - DAY);
  for (let n = 0; n < 26; n += 1) await refuse(BAD, idsFrom(1000 * n, 1000), NOW + n);
  expect(await count()).toBeGreaterThanOrEqual(10_001);
  expect(await count()).toBeLessThanOrEqual(11_001);
  expect(await refusedOf(BAD, idsFrom(16_000, 10_000))).toHaveLength(10_000);
  expect(await refusedOf(OTHER)).toEqual([A]);
});

it("holds at most two hundred thousand ids, and looks for the oldest once an hour", async () => {
  db.exec(`INSERT INTO refused_event (upstream, id, rules, at)
    WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < 200999)
    SELECT 'wss://' || (n % 50), unhex(printf('%064x', n)), '', ${NOW} + n FROM n`);
  const hour = Math.ceil(NOW / 3600) * 3600;
  await memory.forget(hour + 60);
  expect(await count()).toBe(201_000);
  await memory.forget(hour + 59);
  expect(await count()).toBe(200_000);
});

it("looks up each id by the key of the table", async () => {
  const plan = await db
    .prepare(
      "EXPLAIN QUERY PLAN SELECT id FROM refused_event WHERE upstream = ?1 AND id IN (SELECT unhex(value) FROM json_each(?2))",
    )
    .bind(BAD, "[]")
    .all<{ detail: string }>();
  expect(plan.results[0]?.detail).toBe("SEARCH refused_event USING PRIMARY KEY (upstream=? AND id=?)");
});
