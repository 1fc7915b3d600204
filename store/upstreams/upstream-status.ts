/** How it stands with an upstream, for operators. */
import type { LiveHealth } from "./live-health.ts";
import type { OnwardAnswers } from "./onward-answers.ts";
import type { StoredOnward } from "./onward.ts";
import { type Coverage, coverageOf } from "./coverage.ts";
import { cursorOf, type FilterCursor, type LostRange, type Range } from "./upstream-cursor.ts";
import type { Health } from "./upstream-health.ts";
import { DEFAULT_SETTINGS, type UpstreamFilter, type UpstreamSettings } from "./upstream-settings.ts";
import type { Origin, StoredUpstream } from "./upstreams.ts";

/**
 * new: no pull has ended yet. ok, failing: by the last pull. paused: by an operator. out: only published to. unlisted: not in
 * UPSTREAMS any more. unknown: its settings are of a later version. The last four are not pulled.
 */
export type State = "new" | "ok" | "failing" | "paused" | "out" | "unlisted" | "unknown";

export interface FilterStatus {
  filter: UpstreamFilter;
  /** Everything created up to this time has been asked for (Unix seconds). Absent before the first pull. */
  pulledTo?: number;
  /** Gaps that the next pulls ask for, newest first, and ranges that cannot be had. At most 100 of each are listed. */
  gaps: Required<Range>[];
  gapCount: number;
  lost: LostRange[];
  lostCount: number;
  /** How much of what the upstream holds is here. Absent: not known yet. */
  coverage?: Coverage;
  /** Why it is not compared (NIP-77) although it says that it can be, and when that was tried (Unix seconds). */
  notCompared?: { at: number; reason: string };
}

/** The sums and the latest refusals, and if publishing fails: how often since the last answer, and why. */
export interface OnwardStatus extends Omit<OnwardAnswers, "version" | "tried"> {
  failures: number;
  problem?: string;
}

export interface UpstreamStatus {
  url: string;
  origin: Origin;
  state: State;
  settings: UpstreamSettings | null;
  /** Seconds since `pulledTo` of the filter that is behind the most; null if one was never pulled. */
  lag: number | null;
  /** Whether a pull runs, or waits in the queue. */
  isLeased: boolean;
  /** When the next pull is (Unix seconds); null if there is none. */
  nextPull: number | null;
  /** Number of pulls that have failed since the last progress. */
  failures: number;
  health: Omit<Health, "version">;
  /** The live connection; null if the upstream is not in live mode. */
  live: Omit<LiveHealth, "version"> | null;
  /** What it has answered to the events that are published to it; null if none are. */
  onward: OnwardStatus | null;
  filters: FilterStatus[];
  /** Ranges that an operator wants, and that no pull has taken up yet. */
  backfills: Required<Range>[];
}

/** Maximum number of gaps that are listed, so that the answer stays readable. */
const MOST_LISTED = 100;
const NOT_PULLED: readonly State[] = ["paused", "out", "unlisted", "unknown"];

/** Returns the status of an upstream. `configured` are the addresses in UPSTREAMS. `now` is in Unix seconds. */
export function statusOf(
  upstream: StoredUpstream,
  configured: readonly string[],
  now: number,
): UpstreamStatus {
  const { url, origin, settings, cursor, failures, backfills } = upstream;
  const { version: _, ...health } = upstream.health;
  const { version: _live, ...live } = upstream.live;
  const state = stateOf(upstream, configured);
  const filters = settings?.filters ?? [];
  return {
    url,
    origin,
    state,
    settings: settings ?? null,
    lag: lagOf(upstream, now),
    isLeased: upstream.leasedUntil > now,
    nextPull: NOT_PULLED.includes(state) ? null : Math.max(upstream.dueAt, now),
    failures,
    health,
    live: settings?.live ? live : null,
    onward: upstream.onward ? onwardStatus(upstream.onward) : null,
    filters: filters.map((filter) => filterStatus(filter, cursorOf(cursor, filter), now)),
    backfills,
  };
}

/** Returns the status of an upstream that UPSTREAMS names, before the aggregator has seen it. */
export function unseenStatus(url: string, now: number): UpstreamStatus {
  return {
    url,
    origin: "settings",
    state: "new",
    settings: DEFAULT_SETTINGS,
    lag: null,
    isLeased: false,
    nextPull: now,
    failures: 0,
    health: { pulls: 0, failures: 0, bytes: 0, received: 0, queued: 0 },
    live: null,
    onward: null,
    filters: DEFAULT_SETTINGS.filters.map((filter) => filterStatus(filter, { pending: [] }, now)),
    backfills: [],
  };
}

/** Returns how many seconds the slowest filter is behind; null if one was never pulled or the upstream has none. */
export function lagOf(
  { settings, cursor }: Pick<StoredUpstream, "settings" | "cursor">,
  now: number,
): number | null {
  const times = (settings?.filters ?? []).map((filter) => cursorOf(cursor, filter).pulledTo);
  if (times.length === 0 || times.some((time) => time === undefined)) return null;
  return Math.max(0, now - Math.min(...(times as number[])));
}

function stateOf(
  { url, origin, isPaused, settings, failures, health }: StoredUpstream,
  configured: readonly string[],
): State {
  if (!settings) return "unknown";
  if (isPaused) return "paused";
  if (settings.direction === "out") return "out";
  if (origin === "settings" && !configured.includes(url)) return "unlisted";
  if (health.pulls === 0 && failures === 0) return "new";
  return failures > 0 ? "failing" : "ok";
}

function onwardStatus({ answers, failures, problem }: StoredOnward): OnwardStatus {
  const { accepted, known, refused, refusals } = answers;
  return { accepted, known, refused, refusals, failures, ...(problem !== undefined && { problem }) };
}

function filterStatus(filter: UpstreamFilter, cursor: FilterCursor, now: number): FilterStatus {
  const { pulledTo, pending, lost = [], slices } = cursor;
  const coverage = coverageOf(cursor, now);
  return {
    filter,
    ...(pulledTo !== undefined && { pulledTo }),
    gaps: pending.slice(0, MOST_LISTED).map(({ since, until = since }) => ({ since, until })),
    gapCount: pending.length,
    lost: lost.slice(0, MOST_LISTED),
    lostCount: lost.length,
    ...(coverage && { coverage }),
    ...(slices?.refused && { notCompared: slices.refused }),
  };
}
