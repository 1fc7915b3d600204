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
