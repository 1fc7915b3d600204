import { expect, it } from "vitest";
import { createStore } from "../store/sql-store.ts";
import { Counts } from "../telemetry/counts.ts";
import { noTracer } from "../telemetry/tracing.ts";
import { signedEvent } from "../tests/fixtures/signed-events.ts";
import { migratedSqlite } from "../tests/fixtures/sqlite.ts";
import { sweep } from "./sweep.ts";

const NOW = 1_700_000_100;

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

  await sweep({ store, now: () => NOW, metrics, tracer: noTracer });

  const { events: left } = await store.log(0, 1000);
  expect(left.map(({ id }) => id)).toEqual([...events.slice(430), lasting].map(({ id }) => id));
  expect(metrics.list()).toContainEqual({ name: "events_expired_counts", door: "cron", amount: 430 });
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
  await expect(dying.removeVanished(wish.pubkey)).rejects.toThrow("D1 is away");
  expect((await store.log(0, 1000)).events).toHaveLength(201);

  const metrics = new Counts();
  for (let minute = 0; minute < 2; minute += 1)
    await sweep({ store, now: () => NOW, metrics, tracer: noTracer });
  expect((await store.log(0, 1000)).events.map(({ id }) => id)).toEqual([wish.id]);
  expect(await store.vanishing()).toEqual([]);
  db.close();
});
