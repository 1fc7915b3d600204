import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createDrizzle } from "../../store/database/drizzle.ts";
import { NEW_CURSOR } from "../../store/upstreams/upstream-cursor.ts";
import { DEFAULT_SETTINGS, type UpstreamSettings } from "../../store/upstreams/upstream-settings.ts";
import { type UpstreamChange, upstreamStatements } from "../../store/upstreams/upstreams.ts";
import { heldBy, pulledUpTo } from "../../tests/fixtures/pulls.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";
import type { PullResult } from "./pull.ts";
import {
  beginPull,
  failureReport,
  type Lease,
  leaseDue,
  nextPull,
  returnLeases,
  settlePull,
} from "./schedule.ts";

const NOW = 1_700_000_000;
const [A, B, C] = ["wss://a/", "wss://b/", "wss://c/"];
const succeeded = pulledUpTo({ pulledTo: NOW, pending: [] });

let db: ReturnType<typeof migratedSqlite>;
beforeEach(() => {
  db = migratedSqlite();
});
afterEach(() => db.close());

/** Leases the upstreams that are due. Returns their addresses. */
async function leased(urls: string[], now: number): Promise<string[]> {
  return (await leaseDue(db, urls, now)).map(({ url }) => url).toSorted();
}

/** Leases an upstream that is due. */
async function aLease(url: string, now = NOW) {
  const [lease] = await leaseDue(db, [url], now);
  if (!lease) throw new Error(`${url} is not due`);
  return lease;
}

/** Ends a pull of a new upstream. */
function settled(
  lease: Lease,
  result: PullResult,
  { failures = 0, nextPull = NOW }: { failures?: number; nextPull?: number } = {},
): Promise<void> {
  return settlePull(db, heldBy(lease), result, { failures, nextPull, now: NOW });
}

describe("a lease", () => {
  it("is taken of every upstream that is due, and of none twice", async () => {
    expect(await leased([A, B], NOW)).toEqual([A, B]);
    expect(await leased([A, B, C], NOW)).toEqual([C]);
    expect(await leased([A, B, C], NOW + 100)).toEqual([]);
  });

  it("is taken by one of several that come at the same time", async () => {
    const taken = await Promise.all([1, 2, 3, 4].map(() => leased([A, B], NOW)));
    expect(taken.flat().toSorted()).toEqual([A, B]);
  });

  it("runs out by itself when a pull has died", async () => {
    await aLease(A);
    expect(await leased([A], NOW + 179)).toEqual([]);
    expect(await leased([A], NOW + 180)).toEqual([A]);
  });

  it("lasts from when the pull begins, for whose job may have waited", async () => {
    await beginPull(db, await aLease(A), NOW + 170);
    expect(await leased([A], NOW + 349)).toEqual([]);
    expect(await leased([A], NOW + 350)).toEqual([A]);
  });

  it("that ran out and was taken again is worth nothing to the job that had it", async () => {
    const first = await aLease(A);
    const second = await aLease(A, NOW + 180);
    expect(await beginPull(db, first, NOW + 181)).toBeUndefined();
    const begun = await beginPull(db, second, NOW + 182);
    const upstream = async () => (await db.prepare("SELECT * FROM upstream").all()).results;
    const before = await upstream();
    const late = pulledUpTo({ pulledTo: NOW - 500, pending: [] }, { problem: "late" });
    await settled(first, late, { failures: 3, nextPull: NOW + 9000 });
    // Neither the lease of the other job nor its cursor has changed.
    expect(await upstream()).toEqual(before);
    expect(await leased([A], NOW + 183)).toEqual([]);
    await settled(begun!.lease, succeeded, { nextPull: NOW + 240 });
    expect(await beginPull(db, await aLease(A, NOW + 240), NOW + 240)).toMatchObject({
      cursor: succeeded.cursor,
      failures: 0,
    });
  });

  it("is returned when its pull cannot be running any more; what is not due stays so", async () => {
    await settled(await aLease(B), succeeded, { nextPull: NOW + 600 });
    await aLease(A);
    expect(await leased([A, B], NOW + 1)).toEqual([]);
    await returnLeases(db);
    expect(await leased([A, B], NOW + 1)).toEqual([A]);
  });

  it("is not taken before the next pull is due, or nearly: Cron comes once a minute", async () => {
    await settled(await aLease(A), succeeded, { nextPull: NOW + 600 });
    expect(await leased([A], NOW + 569)).toEqual([]);
    expect(await leased([A], NOW + 570)).toEqual([A]);
  });

  it("is not taken of what is not configured any more", async () => {
    await leased([A, B], NOW);
    expect(await leased([B], NOW + 1000)).toEqual([B]);
    expect(await leased([], NOW + 2000)).toEqual([]);
  });

  it("is taken of a thousand upstreams", async () => {
    const urls = Array.from({ length: 1000 }, (_, n) => `wss://relay-${n}.example/`);
    expect(await leased(urls, NOW)).toEqual(urls.toSorted());
    expect(await leased(urls, NOW)).toEqual([]);
  });
});

describe("an upstream", () => {
  it("that was never leased is not pulled", async () => {
    expect(await beginPull(db, { url: A, until: NOW + 180 }, NOW)).toBeUndefined();
  });

  it("starts with nothing pulled", async () => {
    expect(await beginPull(db, await aLease(A), NOW)).toMatchObject({ cursor: NEW_CURSOR, failures: 0 });
  });

  it("keeps its cursor and failures, and the problem for the operator", async () => {
    await settled(await aLease(A), { ...succeeded, problem: "away" }, { failures: 2, nextPull: NOW + 99 });
    const { results } = await db.prepare("SELECT * FROM upstream").all();
    expect(results).toMatchObject([{ leased_until: 0, due_at: NOW + 99, problem: "away" }]);
    expect(await beginPull(db, await aLease(A, NOW + 99), NOW + 99)).toMatchObject({
      cursor: succeeded.cursor,
      failures: 2,
      problem: "away",
    });
  });

  it("forgets a problem that has passed", async () => {
    await settled(await aLease(A), { ...succeeded, problem: "away" }, { failures: 1 });
    await settled(await aLease(A), succeeded);
    expect((await db.prepare("SELECT problem FROM upstream").all()).results).toEqual([{ problem: null }]);
  });
});

describe("an upstream that an operator manages", () => {
  const set = (url: string, column: string, value: unknown) =>
    db
      .prepare(`UPDATE upstream SET ${column} = ?2 WHERE url = ?1`)
      .bind(url, typeof value === "number" ? value : JSON.stringify(value))
      .all();
  const settings = (change: Partial<UpstreamSettings>) => ({ ...DEFAULT_SETTINGS, ...change });

  beforeEach(async () => {
    await db
      .prepare("INSERT INTO upstream (url, origin) VALUES (?1, 'operator'), (?2, 'outbox')")
      .bind(A, B)
      .all();
  });

  it("is leased, although no setting names it", async () => {
    expect(await leased([C], NOW)).toEqual([A, B, C]);
  });

  it.each<[what: string, column: string, value: unknown]>([
    ["paused", "is_paused", 1],
    ["for publishing only", "settings", settings({ direction: "out" })],
    ["with settings of a later version", "settings", { version: 2, filters: "?" }],
  ])("%s is not leased, and not pulled with the lease that it has", async (_, column, value) => {
    const lease = (await leaseDue(db, [], NOW)).find(({ url }) => url === A)!;
    await set(A, column, value);
    expect(await beginPull(db, lease, NOW)).toBeUndefined();
    expect(await leased([A], NOW + 200)).toEqual([B]);
  });

  it("for both directions is pulled", async () => {
    await set(A, "settings", settings({ direction: "both" }));
    expect(await leased([], NOW)).toEqual([A, B]);
  });

  it("is pulled with its settings", async () => {
    const wanted = settings({ filters: [{ kinds: [1] }], interval: 600, history: "all" });
    await set(A, "settings", wanted);
    expect(await beginPull(db, await aLease(A), NOW)).toMatchObject({ settings: wanted });
  });

  it("gets the backfills that an operator wants as gaps, once a pull has ended with them", async () => {
    const [first, second] = [
      { since: 10, until: 20 },
      { since: 50, until: 60 },
    ];
    await set(A, "settings", settings({ filters: [{ kinds: [1] }, { kinds: [7] }] }));
    await set(A, "backfill", [first]);
    const begun = await beginPull(db, await aLease(A), NOW);
    expect(Object.values(begun!.cursor.filters)).toEqual([{ pending: [first] }, { pending: [first] }]);
    // A pull that dies has not done it.
    const again = await beginPull(db, await aLease(A, NOW + 200), NOW + 200);
    expect(again!.cursor).toEqual(begun!.cursor);
    // The operator adds another one while the pull runs.
    await set(A, "backfill", [first, second]);
    const next = { failures: 0, nextPull: NOW, now: NOW };
    await settlePull(db, again!, { ...succeeded, cursor: again!.cursor }, next);
    const third = await beginPull(db, await aLease(A, NOW + 400), NOW + 400);
    expect(third!.cursor.filters['{"kinds":[1]}']).toEqual({ pending: [second, first] });
  });

  it.each<UpstreamChange>([
    { do: "put-upstream", url: A, origin: "operator", settings: settings({ interval: 86_400 }) },
    { do: "resume-upstream", url: A },
    { do: "backfill-upstream", url: A, range: { since: 1, until: 2 } },
  ])("is due at once if $do came while it was pulled", async (change) => {
    const begun = await beginPull(db, await aLease(A), NOW);
    const drizzle = createDrizzle(db);
    const [first, ...others] = upstreamStatements(drizzle, change);
    await drizzle.batch([first!, ...others]);
    await settlePull(db, begun!, succeeded, { failures: 0, nextPull: NOW + 86_400, now: NOW });
    expect(await leased([], NOW + 60)).toContain(A);
    expect(await leased([], NOW + 61)).toEqual([]);
  });

  it("is told how many decisions may have admitted refused events", async () => {
    const revisions: number[] = [];
    for (const at of [0, 200, 400]) {
      revisions.push((await beginPull(db, await aLease(A, NOW + at), NOW + at))!.revision);
      if (at === 0) db.exec("INSERT INTO moderation VALUES ('disallowed-kind', '1', '', '', 0)");
      if (at === 200) db.exec("DELETE FROM moderation");
    }
    expect(revisions).toEqual([0, 0, 1]);
  });

  it("has health: what the pulls found", async () => {
    const pulls = [
      { ...succeeded, findings: { latency: 90, announcedLimit: 500, bytes: 1000, received: 10, queued: 5 } },
      pulledUpTo({ pending: [] }, { problem: "away" }),
      succeeded,
    ];
    for (const [at, result] of pulls.entries()) {
      const begun = await beginPull(db, await aLease(A, NOW + at), NOW + at);
      await settlePull(db, begun!, result, { failures: 0, nextPull: NOW, now: NOW + at });
    }
    expect((await beginPull(db, await aLease(A, NOW + 9), NOW + 9))!.health).toEqual({
      version: 1,
      pulls: 3,
      failures: 1,
      lastSuccess: NOW + 2,
      lastFailure: { at: NOW + 1, reason: "away" },
      latency: 90,
      announcedLimit: 500,
      bytes: 3000,
      received: 30,
      queued: 15,
    });
  });
});

describe("a deployment of before, which knows neither filters nor cursors with several of them,", () => {
  /** Its statement that leases. */
  const leasedBefore = async (now: number) => {
    const statement = db.prepare(
      "UPDATE upstream SET leased_until = ?1 WHERE next_pull <= ?2 AND leased_until <= ?3 RETURNING url",
    );
    return (await statement.bind(now + 180, now + 30, now).all<{ url: string }>()).results;
  };
  /** Its statement at the end of a pull. */
  const settledBefore = (url: string, cursor: string) =>
    db
      .prepare("UPDATE upstream SET next_pull = ?2, leased_until = 0, cursor = ?3 WHERE url = ?1")
      .bind(url, NOW, cursor)
      .all();

  it("leases nothing that this one has leased, begun or settled", async () => {
    const lease = await aLease(A);
    expect(await leasedBefore(NOW + 1000)).toEqual([]);
    const begun = await beginPull(db, lease, NOW);
    expect(await leasedBefore(NOW + 1000)).toEqual([]);
    await settlePull(db, begun!, succeeded, { failures: 0, nextPull: NOW, now: NOW });
    expect(await leasedBefore(NOW + 1000)).toEqual([]);
  });

  it("gets no upstream back whose job this one has run", async () => {
    await db.prepare("INSERT INTO upstream (url) VALUES (?1)").bind(A).all();
    expect(await leasedBefore(NOW)).toEqual([{ url: A }]);
    const begun = await beginPull(db, { url: A, until: NOW + 180 }, NOW);
    await settlePull(db, begun!, succeeded, { failures: 0, nextPull: NOW, now: NOW });
    expect(await leasedBefore(NOW + 1000)).toEqual([]);
  });

  it("may end the pull that it runs: this one goes on from its cursor", async () => {
    await db
      .prepare("INSERT INTO upstream (url, leased_until) VALUES (?1, ?2)")
      .bind(A, NOW + 100)
      .all();
    expect(await leased([A], NOW)).toEqual([]);
    await settledBefore(A, '{"version":1,"pulledTo":1699999999,"pending":[{"since":5,"until":9}]}');
    const begun = await beginPull(db, await aLease(A), NOW);
    expect(begun!.cursor.filters["{}"]).toEqual({
      pulledTo: 1_699_999_999,
      pending: [{ since: 5, until: 9 }],
    });
    expect(await leasedBefore(NOW + 1000)).toEqual([]);
  });
});

describe("the next pull", () => {
  const times = { now: NOW, interval: 60, random: 1 };
  const failed = { pages: 0, isUnfinished: false, problem: "away" };

  it("comes after the interval, or at once when something is left to do", () => {
    expect(nextPull(succeeded, 5, times)).toMatchObject({ failures: 0, nextPull: NOW + 60 });
    expect(nextPull({ ...succeeded, isUnfinished: true }, 0, times)).toMatchObject({
      failures: 0,
      nextPull: NOW,
    });
  });

  it("waits twice as long after each failure, an hour at most", () => {
    const waits = [0, 1, 2, 5, 6, 100].map((failures) => nextPull(failed, failures, times).nextPull - NOW);
    expect(waits).toEqual([60, 120, 240, 1920, 3600, 3600]);
    expect(nextPull(failed, 6, times).failures).toBe(7);
  });

  it("comes at a moment of its own between half of the wait and all of it", () => {
    const waits = [0, 0.5, 1].map((random) => nextPull(failed, 2, { ...times, random }).nextPull - NOW);
    expect(waits).toEqual([120, 180, 240]);
  });

  it("counts from one again after a failure that came after some pages", () => {
    expect(nextPull({ ...failed, pages: 3 }, 9, times)).toMatchObject({
      failures: 1,
      nextPull: NOW + 60,
    });
  });

  it("is in the log of a failed one", () => {
    const next = nextPull(failed, 2, times);
    expect(failureReport(A, "connection refused", next)).toMatchObject({
      message: "the pull of wss://a/ failed: connection refused; next try in about 240 s (failure 3)",
      details: { todo: expect.stringContaining("upstream test"), fields: { upstream: A, failures: 3 } },
    });
  });
});
