import { expect, it } from "vitest";
import type { Event } from "../nostr/event.ts";
import { createModerationStore } from "../store/moderation/sql-moderation.ts";
import { createStore } from "../store/sql/sql-store.ts";
import { StoreSize } from "../store/database/store-size.ts";
import { Counts } from "../telemetry/counts.ts";
import { noTracer } from "../telemetry/tracing.ts";
import { signedEvent } from "../tests/fixtures/signed-events.ts";
import { migratedSqlite } from "../tests/fixtures/sqlite.ts";
import { retentionOf } from "./retention.ts";
import { sweep } from "./sweep.ts";
import { noPause } from "../tests/fixtures/no-pause.ts";
import type { Notice } from "../telemetry/log.ts";

const NOW = 1_700_000_100;

const deps = {
  size: new StoreSize(1_000_000_000),
  retention: { all: [], pulled: [] },
  now: () => NOW,
  pause: noPause,
  report(error: unknown): void {
    throw error;
  },
  metrics: new Counts(),
  tracer: noTracer,
};

it("[29] removes what has expired, however much it is, and nothing else", async () => {
  const db = migratedSqlite();
  const store = createStore(db);
  const events = Array.from({ length: 450 }, (_, n) =>
    signedEvent({
      content: String(n),
      tags: [["expiration", String(n < 430 ? NOW - (n % 7) : NOW + 1 + n)]],
    }),
  );
  const lasting = signedEvent({ content: "for ever" });
  await store.commit([...events, lasting]);
  const metrics = new Counts();
  const counts: number[] = [];
  const pause = async () => void counts.push((await store.log(0, 1000)).events.length);

  await sweep({ ...deps, store, moderation: createModerationStore(db), pause, metrics });

  // The sweep takes several steps, and others are served between them.
  expect(counts.length).toBeGreaterThanOrEqual(2);
  expect(counts).toEqual([...new Set(counts)]);

  const { events: left } = await store.log(0, 1000);
  expect(left.map(({ id }) => id)).toEqual([...events.slice(430), lasting].map(({ id }) => id));
  expect(metrics.list()).toContainEqual({
    name: "events_expired_total",
    labels: { source: "cron" },
    amounts: [430],
  });
  const { results } = await db.prepare("SELECT count(*) AS tags FROM tag").all();
  expect(results).toEqual([{ tags: 0 }]);
  db.close();
});

it("[25] finishes the removal of whoever vanished that was interrupted", async () => {
  const db = migratedSqlite();
  const store = createStore(db);
  const event = signedEvent();
  const events = Array.from({ length: 700 }, (_, n) => ({ ...event, id: n.toString(16).padStart(64, "0") }));
  const wish = signedEvent({ kind: 62, created_at: NOW - 50, tags: [["relay", "ALL_RELAYS"]] });
  await store.commit(events);
  await store.commit([wish]);
  let removals = 0;
  const dying = createStore({
    ...db,
    prepare(sql) {
      const statement = db.prepare(sql);
      if (!sql.startsWith("DELETE")) return statement;
      return {
        ...statement,
        bind: (...values) => {
          if ((removals += 1) > 1) throw new Error("D1 is away");
          return statement.bind(...values);
        },
      };
    },
  });
  await expect(dying.removeVanished(wish.pubkey, noPause)).rejects.toThrow("D1 is away");
  const { length: unfinished } = (await store.log(0, 1000)).events;
  expect(unfinished).toBeGreaterThan(1);
  expect(unfinished).toBeLessThan(701);

  const metrics = new Counts();
  for (let minute = 0; minute < 2; minute += 1)
    await sweep({ ...deps, store, moderation: createModerationStore(db), metrics });
  expect((await store.log(0, 1000)).events.map(({ id }) => id)).toEqual([wish.id]);
  expect(await store.vanishing()).toEqual([]);
  db.close();
});

it("[23] finishes a deletion that was interrupted", async () => {
  const db = migratedSqlite();
  const store = createStore(db);
  const event = signedEvent();
  const events = Array.from({ length: 300 }, (_, n) => ({ ...event, id: n.toString(16).padStart(64, "0") }));
  const deletion = signedEvent({ kind: 5, tags: events.map(({ id }) => ["e", id]) });
  await store.commit([...events, deletion]);
  expect((await store.log(0, 1000)).events).toHaveLength(301);
  await sweep({ ...deps, store, moderation: createModerationStore(db) });
  expect((await store.log(0, 1000)).events.map(({ id }) => id)).toEqual([deletion.id]);
  expect(await store.unfinishedDeletions()).toEqual([]);
  db.close();
});

it("[38] finishes the removal of what a banned key has published that was interrupted", async () => {
  const db = migratedSqlite();
  const [store, moderation] = [createStore(db), createModerationStore(db)];
  const event = signedEvent();
  const { pubkey } = event;
  const events = Array.from({ length: 1200 }, (_, n) => ({ ...event, id: n.toString(16).padStart(64, "0") }));
  await store.commit(events);
  const change = (changes: Parameters<typeof moderation.change>[0]) =>
    moderation.change(changes, { at: NOW, pubkey: "c".repeat(64), method: "m", params: [], outcome: "done" });
  const ban = { do: "add", list: "banned-pubkey", subject: pubkey, reason: "" } as const;
  await change([ban, { do: "empty", pubkey }]);
  const dying = moderation.removeEventsOf(pubkey, () => Promise.reject(new Error("the isolate ends")));
  await expect(dying).rejects.toThrow("the isolate ends");
  const left = (await store.log(0, 2000)).events.length;
  expect(left).toBeGreaterThan(0);
  expect(left).toBeLessThan(1200);

  const metrics = new Counts();
  await sweep({ ...deps, store, moderation, metrics });
  expect((await store.log(0, 2000)).events).toEqual([]);
  expect(await moderation.unemptied()).toEqual([]);

  // After a ban has been lifted, nothing more is removed.
  await change([ban, { do: "empty", pubkey }]);
  await change([{ do: "remove", list: "banned-pubkey", subject: pubkey }]);
  await store.commit([event]);
  await sweep({ ...deps, store, moderation, metrics });
  expect((await store.log(0, 2000)).events.map(({ id }) => id)).toEqual([event.id]);
  db.close();
});

it("warns when the database fills up: once when a level is reached, and every hour from then on", async () => {
  const db = migratedSqlite();
  const size = new StoreSize(1000);
  const reported: string[] = [];
  const store = createStore(db);
  const moderation = createModerationStore(db);
  const at = async (bytes: number, seconds: number) => {
    size.bytes = bytes;
    const report = (notice: unknown) => void reported.push((notice as Notice).message);
    await sweep({ ...deps, store, moderation, size, report, now: () => NOW + seconds });
    return reported.splice(0);
  };
  expect(await at(799, 0)).toEqual([]);
  expect(await at(800, 60)).toEqual([
    expect.stringMatching(/^the database holds 800 of 1000 bytes \(80 %\): /),
  ]);
  expect(await at(850, 120)).toEqual([]);
  expect(await at(900, 180)).toEqual([expect.stringContaining("upstreams are not pulled")]);
  expect(await at(800, 240)).toEqual([]);
  expect(await at(980, 300)).toEqual([expect.stringContaining("only deletions")]);
  expect(await at(990, 300 + 3599)).toEqual([]);
  expect(await at(990, 300 + 3600)).toEqual([expect.stringContaining("(99 %)")]);
  expect(await at(100, 8000)).toEqual([]);
  expect(await at(800, 8060)).toHaveLength(1);
  db.close();
});

it("removes what is too old, of upstreams and of all, and counts it", async () => {
  const db = migratedSqlite();
  const store = createStore(db);
  const metrics = new Counts();
  const [own, old, pulled] = [60, 600, 60].map((age, n) =>
    signedEvent({ kind: 1000 + n, created_at: NOW - age, content: `${n}` }),
  ) as [Event, Event, Event];
  await store.commit([own, old]);
  await store.commit([pulled], { isPulled: true });
  const retention = retentionOf({ RETENTION: "*:300", UPSTREAM_RETENTION: "*:30" });
  const moderation = createModerationStore(db);
  await sweep({ ...deps, store, moderation, metrics, retention });
  expect((await store.log(0, 10)).events.map(({ id }) => id)).toEqual([own.id]);
  expect(metrics.list()).toEqual([{ name: "events_pruned_total", labels: { source: "cron" }, amounts: [2] }]);
  db.close();
});
