import { afterEach, beforeEach, expect, it } from "vitest";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import { readGauges } from "./gauges.ts";
import { readReadiness, saveProbe } from "./probe.ts";

const NOW = 1_800_000_000;

let db: ReturnType<typeof migratedSqlite>;
beforeEach(() => (db = migratedSqlite()));
afterEach(() => db.close());

it("remembers the last test, and when an event was last stored", async () => {
  expect(await readReadiness(db)).toEqual({ probe: undefined, queues: undefined });
  await saveProbe(db, { outcome: "refused", milliseconds: 12.4 }, NOW);
  expect((await readReadiness(db)).probe).toEqual({
    at: NOW,
    outcome: "refused",
    milliseconds: 12,
    storedAt: null,
  });
  await saveProbe(db, { outcome: "ok", milliseconds: 40 }, NOW + 60);
  await saveProbe(db, { outcome: "failed", milliseconds: 15_000 }, NOW + 120);
  expect((await readReadiness(db)).probe).toEqual({
    at: NOW + 120,
    outcome: "failed",
    milliseconds: 15_000,
    storedAt: NOW + 60,
  });
});

it("the gauge has its seconds, until two days have passed without a test", async () => {
  expect(await readGauges(db, NOW)).not.toHaveProperty("probe_seconds");
  await saveProbe(db, { outcome: "ok", milliseconds: 40 }, NOW);
  expect(await readGauges(db, NOW + 86_400)).toMatchObject({ probe_seconds: 0.04 });
  expect(await readGauges(db, NOW + 2 * 86_400)).not.toHaveProperty("probe_seconds");
});
