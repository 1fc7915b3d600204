/** What `upstream list` and `upstream status` print. */
import { describe, expect, it } from "vitest";
import { statusText, tableOf } from "../../scripts/nostr/upstream-text.ts";
import { lengthOf, severalOf, sizeOf, timeOf } from "../../scripts/shared/units.ts";
import { DEFAULT_SETTINGS } from "../../store/upstreams/upstream-settings.ts";
import type { Coverage } from "../../store/upstreams/coverage.ts";
import type { UpstreamStatus } from "../../store/upstreams/upstream-status.ts";

const NOW = 1_700_000_000;
const gap = (since: number) => ({ since, until: since + 9 });

const FAILING: UpstreamStatus = {
  url: "wss://relay.example",
  origin: "operator",
  state: "failing",
  settings: {
    ...DEFAULT_SETTINGS,
    filters: [{ kinds: [0, 1] }, { authors: ["a".repeat(64)], "#t": ["nostr"] }],
    interval: 600,
    history: 604_800,
    rate: 30,
  },
  lag: 7300,
  isLeased: false,
  nextPull: NOW + 90,
  failures: 3,
  health: {
    pulls: 1310,
    failures: 12,
    lastSuccess: NOW - 7300,
    lastFailure: { at: NOW - 60, reason: "the upstream refused: \u001b[2J\u202eblocked" },
    latency: 85,
    announcedLimit: 500,
    speaksNegentropy: true,
    wantsAuth: true,
    bytes: 1_234_567,
    received: 5270,
    queued: 1204,
  },
  live: null,
  onward: null,
  filters: [
    { filter: { kinds: [0, 1] }, pulledTo: NOW - 60, gaps: [gap(100)], gapCount: 1, lost: [], lostCount: 0 },
    {
      filter: { authors: ["a".repeat(64)], "#t": ["nostr"] },
      pulledTo: NOW - 7300,
      gaps: [6, 5, 4, 3, 2, 1].map((n) => gap(100 * n)),
      gapCount: 8,
      lost: [{ since: 7, until: 7, reason: "more than its limit in a second" }],
      lostCount: 1,
    },
  ],
  backfills: [gap(0)],
};

describe("upstream list", () => {
  it("has the sums of all filters, and why the last pull failed", () => {
    const running = { ...FAILING, url: "wss://r.test", state: "ok" as const, isLeased: true, lag: null };
    expect(tableOf([FAILING, running], NOW).split("\n")).toEqual([
      "UPSTREAM             STATE    LAG  GAPS  LOST  HERE  RECEIVED  NEW    LAST SUCCESS  NEXT PULL",
      "wss://relay.example  failing  2 h  9     1     -     5,270     1,204  2 h ago       in 90 s    the upstream refused: blocked",
      "wss://r.test         ok       -    9     1     -     5,270     1,204  2 h ago       running",
    ]);
  });
});

describe("upstream status", () => {
  it("has everything, each filter for itself", () => {
    expect(statusText(FAILING, NOW)).toBe(`wss://relay.example
  state         failing, 3 failures since the last progress
  named by      an operator
  asks for      kinds 0,1; 1 author #t nostr
  settings      in, every 10 min, history 7 days, 30 requests a minute
  last success  2023-11-14 20:11:40 (2 h ago)
  last failure  2023-11-14 22:12:20 (60 s ago): the upstream refused: blocked
  next pull     in 90 s
  lag           2 h
  filter        kinds 0,1
  pulled to     2023-11-14 22:12:20
  gaps          1: 1970-01-01 00:01:40 to 1970-01-01 00:01:49
  lost          none
  filter        1 author #t nostr
  pulled to     2023-11-14 20:11:40
  gaps          8: 1970-01-01 00:10:00 to 1970-01-01 00:10:09; 1970-01-01 00:08:20 to 1970-01-01 00:08:29; 1970-01-01 00:06:40 to 1970-01-01 00:06:49; 1970-01-01 00:05:00 to 1970-01-01 00:05:09; 1970-01-01 00:03:20 to 1970-01-01 00:03:29; and 3 more
  lost          1: 1970-01-01 00:00:07 to 1970-01-01 00:00:07 (more than its limit in a second)
  waiting       1970-01-01 00:00:00 to 1970-01-01 00:00:09
  events        5,270 received, 1,204 of them new
  pulls         1,310, of which 12 failed; 1.2 MB
  relay         opens in 85 ms, announces limit 500, speaks NIP-77, wants AUTH`);
  });

  it("of one in live mode has its connection", () => {
    const live = {
      connectedSince: NOW - 600,
      lastEvent: NOW - 5,
      lastDrop: { at: NOW - 900, reason: "the connection ended: 1006" },
      drops: 2,
      events: 1234,
      waste: 0,
    };
    expect(statusText({ ...FAILING, live }, NOW)).toContain(
      "  live          connected since 2023-11-14 22:03:20 (10 min ago); 1,234 events, the last 5 s ago; " +
        "2 drops, the last 2023-11-14 21:58:20 (15 min ago): the connection ended: 1006\n",
    );
    const lost = { drops: 0, events: 0, waste: 0 };
    expect(statusText({ ...FAILING, live: lost }, NOW)).toContain("live          not connected; 0 events\n");
  });

  it("of one that is published to has its answers", () => {
    const refusals = Array.from({ length: 7 }, (_, n) => ({
      id: `id-${n}`,
      kind: 1,
      reason: "blocked:\u001b[2J no",
      at: NOW - 60 * n,
    }));
    const onward = { accepted: 1234, known: 5, refused: 7, refusals, failures: 0 };
    const text = statusText({ ...FAILING, onward }, NOW);
    expect(text).toContain("  published     1,234 accepted, 5 known, 7 refused\n");
    expect(text).toContain("  refused       id-4, 2023-11-14 22:09:20 (4 min ago): blocked: no\n");
    expect(text).not.toContain("id-5");
    const failing = { ...onward, refusals: [], failures: 3, problem: "cannot connect" };
    expect(statusText({ ...FAILING, onward: failing }, NOW)).toContain(
      "  published     1,234 accepted, 5 known, 7 refused; fails (3 times): cannot connect\n",
    );
  });

  it("has how much of what the upstream holds is here, and which days are not whole", () => {
    const [filter] = FAILING.filters;
    const day = (n: number, here: number) => ({ since: NOW - (NOW % 86_400) - n * 86_400, held: 1000, here });
    const coverage: Coverage = {
      method: "nip77",
      at: NOW - 60,
      held: 12_345,
      here: 12_344,
      days: [day(0, 999), day(1, 1000), ...[2, 3, 4, 5, 6].map((n) => day(n, 998))],
    };
    const known = { ...FAILING, filters: [{ ...filter!, coverage }] };
    expect(statusText(known, NOW)).toContain(`
  here          99.9 % of 12,345 events (all compared by NIP-77; 2023-11-14 22:12:20)
  missing       2023-11-14 1 of 1,000; 2023-11-12 2 of 1,000; 2023-11-11 2 of 1,000; 2023-11-10 2 of 1,000; 2023-11-09 2 of 1,000; and 1 more
`);
    expect(tableOf([known], NOW)).toContain("99.9 %");
    // Of one filter of two nothing is known.
    expect(tableOf([{ ...known, filters: [...known.filters, filter!] }], NOW)).not.toContain("%");

    const sampled: Coverage = { method: "sample", at: NOW, held: 50, here: 50, days: [] };
    const notCompared = { at: NOW, reason: "it refused: \u001b[2Jno" };
    expect(statusText({ ...FAILING, filters: [{ ...filter!, coverage: sampled, notCompared }] }, NOW))
      .toContain(`
  here          100 % of 50 events (a sample: it is not compared by NIP-77; 2023-11-14 22:13:20)
  not compared  2023-11-14 22:13:20: it refused: no
`);
    const begun: Coverage = { ...sampled, method: "nip77", at: null, held: 0, here: 0 };
    expect(statusText({ ...FAILING, filters: [{ ...filter!, coverage: begun }] }, NOW)).toContain(
      "here          100 % of 0 events (all compared by NIP-77; not finished yet)",
    );
  });

  it("of one that was never pulled says so", () => {
    const { lastSuccess: _, lastFailure: __, ...health } = FAILING.health;
    const filters = [{ filter: {}, gaps: [], gapCount: 0, lost: [], lostCount: 0 }];
    const fresh = { ...FAILING, state: "new" as const, failures: 0, lag: null, filters, backfills: [] };
    const text = statusText(
      { ...fresh, settings: null, nextPull: null, health: { ...health, pulls: 0 } },
      NOW,
    );
    expect(text).toContain("last success  never");
    expect(text).toContain("next pull     none");
    expect(text).toContain("lag           unknown: not every filter has been pulled");
    expect(text).toContain("pulled to     not pulled yet");
  });
});

it("one thing is not several", () => {
  expect([0, 1, 2, 1234].map((amount) => severalOf(amount, "event"))).toEqual([
    "0 events",
    "1 event",
    "2 events",
    "1,234 events",
  ]);
});

it("times and sizes have their largest unit", () => {
  expect([0, 119, 120, 7199, 7200, 172_799, 172_800, 1e9].map(lengthOf)).toEqual([
    "0 s",
    "119 s",
    "2 min",
    "119 min",
    "2 h",
    "47 h",
    "2 days",
    "11,574 days",
  ]);
  expect([0, 999, 1000, 1_234_567, 5e15].map(sizeOf)).toEqual([
    "0 bytes",
    "999 bytes",
    "1.0 kB",
    "1.2 MB",
    "5000.0 TB",
  ]);
  expect([0, 1_700_000_000, 9e15].map(timeOf)).toEqual([
    "1970-01-01 00:00:00",
    "2023-11-14 22:13:20",
    "second 9000000000000000",
  ]);
});
