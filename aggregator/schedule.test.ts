import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { migratedSqlite } from "../tests/fixtures/sqlite.ts";
import { NEW_CURSOR } from "./cursor.ts";
import { beginPull, failureReport, leaseDue, nextPull, returnLeases, settlePull } from "./schedule.ts";

const NOW = 1_700_000_000;
const [A, B, C] = ["wss://a/", "wss://b/", "wss://c/"];
const succeeded = { cursor: { ...NEW_CURSOR, pulledTo: NOW }, isUnfinished: false, pages: 1 };

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
    const late = { ...succeeded, cursor: { ...NEW_CURSOR, pulledTo: NOW - 500 }, problem: "late" };
    await settlePull(db, first, late, { failures: 3, nextPull: NOW + 9000 });
    // Neither the lease of the other job nor its cursor has changed.
    expect(await upstream()).toEqual(before);
    expect(await leased([A], NOW + 183)).toEqual([]);
    await settlePull(db, begun!.lease, succeeded, { failures: 0, nextPull: NOW + 240 });
    expect(await beginPull(db, await aLease(A, NOW + 240), NOW + 240)).toMatchObject({
      cursor: succeeded.cursor,
      failures: 0,
    });
  });

  it("is returned when its pull cannot be running any more; what is not due stays so", async () => {
    await settlePull(db, await aLease(B), succeeded, { failures: 0, nextPull: NOW + 600 });
    await aLease(A);
    expect(await leased([A, B], NOW + 1)).toEqual([]);
    await returnLeases(db);
    expect(await leased([A, B], NOW + 1)).toEqual([A]);
  });

  it("is not taken before the next pull is due, or nearly: Cron comes once a minute", async () => {
    await settlePull(db, await aLease(A), succeeded, { failures: 0, nextPull: NOW + 600 });
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
    await settlePull(
      db,
      await aLease(A),
      { ...succeeded, problem: "away" },
      { failures: 2, nextPull: NOW + 99 },
    );
    const { results } = await db.prepare("SELECT * FROM upstream").all();
    expect(results).toMatchObject([{ leased_until: 0, next_pull: NOW + 99, problem: "away" }]);
    expect(await beginPull(db, await aLease(A, NOW + 99), NOW + 99)).toMatchObject({
      cursor: succeeded.cursor,
      failures: 2,
      problem: "away",
    });
  });

  it("forgets a problem that has passed", async () => {
    await settlePull(db, await aLease(A), { ...succeeded, problem: "away" }, { failures: 1, nextPull: NOW });
    await settlePull(db, await aLease(A), succeeded, { failures: 0, nextPull: NOW });
    expect((await db.prepare("SELECT problem FROM upstream").all()).results).toEqual([{ problem: null }]);
  });
});

describe("the next pull", () => {
  const times = { now: NOW, interval: 60, random: 1 };
  const failed = { pages: 0, isUnfinished: false, problem: "away" };

  it("comes after the interval, or at once when something is left to do", () => {
    expect(nextPull(succeeded, 5, times)).toEqual({ failures: 0, nextPull: NOW + 60 });
    expect(nextPull({ ...succeeded, isUnfinished: true }, 0, times)).toEqual({ failures: 0, nextPull: NOW });
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
    expect(nextPull({ ...failed, pages: 3 }, 9, times)).toEqual({ failures: 1, nextPull: NOW + 60 });
  });

  it("is in the log of a failed one", () => {
    const next = nextPull(failed, 2, times);
    expect(failureReport(A, "connection refused", next, NOW)).toBe(
      "the pull of wss://a/ failed: connection refused; next try in about 240 s (failure 3)",
    );
  });
});
