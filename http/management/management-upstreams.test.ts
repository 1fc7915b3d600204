import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { beginPull, leaseDue, settlePull } from "../../aggregator/pull/schedule.ts";
import { DEFAULT_SETTINGS } from "../../store/upstreams/upstream-settings.ts";
import { PUBKEY } from "../../tests/fixtures/author.ts";
import { type HttpApi, openHttpApi } from "../../tests/fixtures/http-api.ts";
import { manage } from "../../tests/fixtures/management.ts";
import { pulledUpTo } from "../../tests/fixtures/pulls.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";

const [LISTED, OTHER] = ["wss://listed.test", "wss://other.test"];
const SETTINGS = { RELAY_ADMINS: PUBKEY, UPSTREAMS: LISTED, RELAY_URL: "ws://relay.test" };

let db: ReturnType<typeof migratedSqlite>;
let api: HttpApi;
let announced: number;
beforeEach(() => open());
afterEach(() => api.close());

function open(changed: Record<string, string> = {}): void {
  announced = 0;
  db = migratedSqlite();
  api = openHttpApi({ ...SETTINGS, ...changed }, db, async () => {
    announced += 1;
    return [];
  });
}

const now = () => Math.floor(Date.now() / 1000);
const call = (method: string, ...params: unknown[]) => manage(api, method, ...params);
const errorOf = async (method: string, ...params: unknown[]) => (await call(method, ...params)).error;
const list = async () => (await call("listupstreams")).result as Record<string, unknown>[];
const status = async (url: string) => (await list()).find((one) => one["url"] === url);

async function done(method: string, ...params: unknown[]): Promise<void> {
  expect(await call(method, ...params)).toEqual({ status: 200, result: true });
}

describe("the list of upstreams", () => {
  it("has those of UPSTREAMS, even if the aggregator has never run", async () => {
    expect(await list()).toEqual([
      {
        url: LISTED,
        origin: "settings",
        state: "new",
        settings: DEFAULT_SETTINGS,
        lag: null,
        isLeased: false,
        nextPull: expect.any(Number),
        failures: 0,
        health: { pulls: 0, failures: 0, bytes: 0, received: 0, queued: 0 },
        live: null,
        onward: null,
        filters: [{ filter: {}, gaps: [], gapCount: 0, lost: [], lostCount: 0 }],
        backfills: [],
      },
    ]);
  });

  it("says what the pulls found", async () => {
    await done("addupstream", OTHER, { filters: [{ kinds: [1] }] });
    const leases = await leaseDue(db, [LISTED], now());
    expect(await status(OTHER)).toMatchObject({ isLeased: true, state: "new" });
    const begun = (await beginPull(
      db,
      leases.find(({ url }) => url === OTHER)!,
      now(),
    ))!;
    const cursor = { pulledTo: now() - 100, pending: [{ since: 5, until: 9 }] };
    const result = pulledUpTo(cursor, {
      cursor: { version: 2, filters: { '{"kinds":[1]}': cursor } },
      problem: "the upstream stopped answering",
    });
    await settlePull(db, begun, result, { failures: 1, nextPull: now() + 60, now: now() });
    expect(await status(OTHER)).toMatchObject({
      origin: "operator",
      state: "failing",
      isLeased: false,
      failures: 1,
      health: {
        pulls: 1,
        failures: 1,
        lastFailure: { reason: "the upstream stopped answering" },
        received: 10,
        queued: 5,
        bytes: 1000,
      },
      filters: [{ filter: { kinds: [1] }, pulledTo: cursor.pulledTo, gaps: cursor.pending, gapCount: 1 }],
    });
    expect(Number((await status(OTHER))?.["lag"])).toBeGreaterThanOrEqual(100);
  });
});

describe("an upstream", () => {
  it("is added with its settings, and pulled by the next Cron", async () => {
    await done("addupstream", "wss://Other.test/", { filters: [{ kinds: [7, 1] }], interval: 600 });
    expect(await status(OTHER)).toMatchObject({
      origin: "operator",
      settings: { ...DEFAULT_SETTINGS, filters: [{ kinds: [1, 7] }], interval: 600 },
    });
    expect((await leaseDue(db, [], now())).map(({ url }) => url)).toEqual([OTHER]);
  });

  it("is changed in what is given; null restores the default", async () => {
    await done("addupstream", OTHER, { filters: [{ kinds: [1] }], interval: 600, rate: 5 });
    await done("changeupstream", OTHER, { direction: "both", interval: null });
    expect((await status(OTHER))?.["settings"]).toEqual({
      ...DEFAULT_SETTINGS,
      filters: [{ kinds: [1] }],
      direction: "both",
      rate: 5,
    });
  });

  it("is paused and resumed", async () => {
    await done("addupstream", OTHER);
    await done("pauseupstream", OTHER);
    expect(await status(OTHER)).toMatchObject({ state: "paused", nextPull: null });
    expect(await leaseDue(db, [], now())).toEqual([]);
    await done("resumeupstream", OTHER);
    expect(await leaseDue(db, [], now())).toHaveLength(1);
  });

  it("is removed", async () => {
    await done("addupstream", OTHER);
    await done("removeupstream", OTHER);
    expect(await status(OTHER)).toBeUndefined();
  });

  it("gets a backfill, up to now if no end is given, and is due at once", async () => {
    await done("addupstream", OTHER);
    await done("backfillupstream", OTHER, 100, 200);
    await done("backfillupstream", OTHER, 300);
    const backfills = (await status(OTHER))?.["backfills"] as { since: number; until: number }[];
    expect(backfills[0]).toEqual({ since: 100, until: 200 });
    expect(now() - backfills[1]!.until).toBeLessThan(60);
    const begun = await beginPull(db, (await leaseDue(db, [], now()))[0]!, now());
    expect(begun!.cursor.filters["{}"]!.pending.at(-1)).toEqual({ since: 100, until: 200 });
  });
});

describe("an upstream of UPSTREAMS", () => {
  it("can be paused, changed and backfilled, before the aggregator has seen it too", async () => {
    await done("pauseupstream", LISTED);
    await done("changeupstream", LISTED, { filters: [{ kinds: [1] }] });
    await done("backfillupstream", LISTED, 5, 9);
    expect(await status(LISTED)).toMatchObject({
      origin: "settings",
      state: "paused",
      settings: { filters: [{ kinds: [1] }] },
      backfills: [{ since: 5, until: 9 }],
    });
    expect(await leaseDue(db, [LISTED], now())).toEqual([]);
  });

  it("cannot be removed or added", async () => {
    expect(await errorOf("removeupstream", LISTED)).toBe(
      `${LISTED} is in the setting UPSTREAMS: remove it from UPSTREAMS, or pause it`,
    );
    expect(await errorOf("addupstream", LISTED)).toMatch(/is an upstream already/);
  });

  it("that is not in the setting any more can be removed, or added by an operator, who keeps its cursor", async () => {
    const begun = (await beginPull(db, (await leaseDue(db, [OTHER], now()))[0]!, now()))!;
    const result = pulledUpTo({ pulledTo: 1000, pending: [] });
    await settlePull(db, begun, result, { failures: 0, nextPull: now(), now: now() });
    expect(await status(OTHER)).toMatchObject({ state: "unlisted" });
    await done("addupstream", OTHER);
    expect(await status(OTHER)).toMatchObject({ origin: "operator", filters: [{ pulledTo: 1000 }] });
    await done("removeupstream", OTHER);
  });
});

describe("is refused with a sentence:", () => {
  beforeEach(async () => {
    await done("addupstream", OTHER, { direction: "out" });
  });

  it.each<[method: string, params: unknown[], error: RegExp]>([
    ["addupstream", [], /^invalid: upstream is missing, expected a ws/],
    ["addupstream", ["https://x.test"], /^invalid: upstream is "https:/],
    ["addupstream", ["wss://user:secret@x.test"], /without a user name or password/],
    ["addupstream", [`wss://x.test/${"x".repeat(500)}`], /^invalid: upstream is/],
    ["addupstream", ["wss://x.test", "all"], /^invalid: settings is "all", expected a JSON object/],
    ["addupstream", ["wss://x.test", { about: "x".repeat(100_000) }], /^invalid: settings is/],
    ["addupstream", ["wss://x.test", { filters: [{ kinds: [] }] }], /^kinds is empty/],
    ["addupstream", ["ws://relay.test"], /is this relay itself/],
    ["addupstream", [OTHER], /is an upstream already: change it with changeupstream/],
    ["changeupstream", [OTHER, { interval: 5 }], /^interval is 5/],
    ["changeupstream", ["wss://x.test", {}], /^there is no upstream wss:\/\/x.test: listupstreams/],
    ["removeupstream", ["wss://x.test"], /^there is no upstream/],
    ["pauseupstream", ["wss://x.test"], /^there is no upstream/],
    ["resumeupstream", ["wss://x.test"], /^there is no upstream/],
    ["backfillupstream", ["wss://x.test", 1], /^there is no upstream/],
    ["backfillupstream", [LISTED], /^invalid: since is missing/],
    ["backfillupstream", [LISTED, 9, 5], /^since \(9\) is after until \(5\)/],
    ["backfillupstream", [LISTED, 9_999_999_999], /is after until/],
    ["backfillupstream", [OTHER, 5, 9], /is only published to/],
  ])("%s %j", async (method, params, error) => {
    expect(await errorOf(method, ...params)).toMatch(error);
  });

  it("a backfill of what the relay refuses because of its age", async () => {
    api.close();
    open({ CREATED_AT_LOWER_LIMIT: "86400" });
    expect(await errorOf("backfillupstream", LISTED, 5)).toMatch(/the relay refuses events before \d+/);
  });

  it("a backfill beyond twenty that no pull has begun", async () => {
    for (let n = 0; n < 20; n += 1) await done("backfillupstream", LISTED, n, n);
    expect(await errorOf("backfillupstream", LISTED, 5, 5)).toMatch(/20 backfills that no pull has begun/);
  });

  it("a change of settings of a later version", async () => {
    db.exec(`UPDATE upstream SET settings = '{"version":2}'`);
    expect(await errorOf("changeupstream", OTHER, {})).toMatch(/of a later version/);
    expect(await status(OTHER)).toMatchObject({ state: "unknown", settings: null, filters: [] });
  });

  it("the removal of one where followed authors write", async () => {
    db.exec("UPDATE upstream SET origin = 'outbox'");
    expect(await errorOf("removeupstream", OTHER)).toMatch(/pause it/);
  });

  it("more than a thousand", async () => {
    const row = "INSERT INTO upstream (url) SELECT 'wss://' || value FROM generate_series(1, 999)";
    db.exec(
      row.replace(
        "generate_series(1, 999)",
        `json_each('${JSON.stringify(Array.from({ length: 999 }, (_, n) => n))}')`,
      ),
    );
    expect(await errorOf("addupstream", "wss://x.test")).toMatch(/there are 1000 upstreams/);
  });
});

it("every change and refusal is in the audit log, and no hub is called for it", async () => {
  await done("addupstream", OTHER);
  await call("removeupstream", LISTED);
  const log = (await call("listauditlog")).result as object[];
  expect(log).toMatchObject([
    { method: "removeupstream", params: [LISTED], outcome: expect.stringContaining("UPSTREAMS") },
    { method: "addupstream", params: [OTHER], outcome: "done", pubkey: PUBKEY },
  ]);
  expect(announced).toBe(0);
});
