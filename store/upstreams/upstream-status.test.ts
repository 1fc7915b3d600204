import { describe, expect, it } from "vitest";
import { NEW_LIVE_HEALTH } from "./live-health.ts";
import { NEW_CURSOR } from "./upstream-cursor.ts";
import { readHealth } from "./upstream-health.ts";
import { DEFAULT_SETTINGS } from "./upstream-settings.ts";
import { statusOf } from "./upstream-status.ts";
import type { StoredUpstream } from "./upstreams.ts";

const NOW = 1_700_000_000;
const URL = "wss://upstream.test";

const UPSTREAM: StoredUpstream = {
  url: URL,
  origin: "operator",
  isPaused: false,
  settings: DEFAULT_SETTINGS,
  cursor: { version: 2, filters: { "{}": { pulledTo: NOW - 60, pending: [] } } },
  health: { ...readHealth('{"version":1}'), pulls: 3 },
  live: { ...NEW_LIVE_HEALTH, connectedSince: NOW - 9, events: 7 },
  onward: undefined,
  failures: 0,
  dueAt: NOW + 30,
  leasedUntil: 0,
  backfills: [],
};

function status(change: Partial<StoredUpstream>, configured: string[] = []) {
  return statusOf({ ...UPSTREAM, ...change }, configured, NOW);
}

describe("the state of an upstream", () => {
  it.each<[state: string, change: Partial<StoredUpstream>, nextPull: number | null]>([
    ["ok", {}, NOW + 30],
    ["ok", { dueAt: 0 }, NOW],
    ["failing", { failures: 2 }, NOW + 30],
    ["new", { health: readHealth('{"version":1}'), cursor: NEW_CURSOR, dueAt: 0 }, NOW],
    ["paused", { isPaused: true, failures: 2 }, null],
    ["out", { settings: { ...DEFAULT_SETTINGS, direction: "out" } }, null],
    ["unlisted", { origin: "settings" }, null],
    ["unknown", { settings: undefined }, null],
  ])("is %s: %j", (state, change, nextPull) => {
    expect(status(change)).toMatchObject({ state, nextPull });
  });

  it("is ok if UPSTREAMS names it", () => {
    expect(status({ origin: "settings" }, [URL])).toMatchObject({ state: "ok" });
  });
});

describe("the lag", () => {
  const settings = { ...DEFAULT_SETTINGS, filters: [{ kinds: [1] }, { kinds: [7] }] };
  const cursorAt = (...times: (number | undefined)[]) => ({
    version: 2 as const,
    filters: Object.fromEntries(
      times.map((pulledTo, at) => [
        JSON.stringify(settings.filters[at]),
        { ...(pulledTo !== undefined && { pulledTo }), pending: [] },
      ]),
    ),
  });

  it("is that of the filter that is behind the most", () => {
    expect(status({ settings, cursor: cursorAt(NOW - 60, NOW - 900) }).lag).toBe(900);
  });

  it("is unknown until every filter has been pulled", () => {
    expect(status({ settings, cursor: cursorAt(NOW - 60) }).lag).toBeNull();
    expect(status({ settings, cursor: cursorAt(NOW - 60, undefined) }).lag).toBeNull();
    expect(status({ settings: undefined }).lag).toBeNull();
  });

  it("is not negative if the clocks of two Workers differ", () => {
    expect(status({ settings, cursor: cursorAt(NOW + 5, NOW + 5) }).lag).toBe(0);
  });
});

it("the live connection is there in live mode only", () => {
  expect(status({ settings: { ...DEFAULT_SETTINGS, live: true } }).live).toEqual({
    connectedSince: NOW - 9,
    drops: 0,
    events: 7,
    waste: 0,
  });
  expect(status({}).live).toBeNull();
});

it("the answers to what is published are there, and why it fails", () => {
  const refusals = [{ id: "a".repeat(64), kind: 1, reason: "blocked: no", at: NOW }];
  const answers = { version: 1 as const, accepted: 3, known: 2, refused: 1, refusals };
  const sums = { accepted: 3, known: 2, refused: 1, refusals };
  const onward = { answers: { ...answers, tried: { id: "b".repeat(64), times: 2 } }, failures: 0 };
  expect(status({ onward: { ...onward, problem: undefined } }).onward).toEqual({ ...sums, failures: 0 });
  expect(status({ onward: { ...onward, failures: 4, problem: "away" } }).onward).toEqual({
    ...sums,
    failures: 4,
    problem: "away",
  });
  expect(status({}).onward).toBeNull();
});

it("gaps and lost ranges are listed per filter, at most 100 of each, with their number", () => {
  const pending = Array.from({ length: 150 }, (_, n) => ({ since: 1000 - 3 * n, until: 1001 - 3 * n }));
  const lost = [{ since: 5, until: 5, reason: "refused" }];
  const cursor = { version: 2 as const, filters: { "{}": { pulledTo: NOW, pending, lost } } };
  const { filters } = status({ cursor });
  expect(filters).toEqual([
    { filter: {}, pulledTo: NOW, gaps: pending.slice(0, 100), gapCount: 150, lost, lostCount: 1 },
  ]);
});
