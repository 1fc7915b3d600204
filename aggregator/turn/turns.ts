/** The filters of an upstream take turns in a pull. Each has a cursor of its own, and a share of the job. */
import {
  type Cursor,
  cursorOf,
  type FilterCursor,
  type LostRange,
  type Range,
} from "../../store/upstreams/upstream-cursor.ts";
import { keyOfFilter, type UpstreamFilter } from "../../store/upstreams/upstream-settings.ts";
import { advance, rangesToPull, withLost } from "./cursor.ts";

/** What to pull. */
export interface PullTask {
  url: string;
  filters: readonly UpstreamFilter[];
  cursor: Cursor;
  /** How far back the first pull of a filter goes, in seconds. */
  history: number;
  /** What stands for the rules by which events are refused now (store/upstreams/refused-ids.ts). */
  rules?: string | undefined;
  /** Maximum number of questions in a minute. Absent: no limit. */
  rate?: number | undefined;
  /** Maximum number of questions in this pull. Absent: as many as a pull may ask. */
  questions?: number | undefined;
  /** What earlier pulls found out: the highest `limit`, and how many have failed since the last progress. */
  learntLimit?: number | undefined;
  failures?: number | undefined;
}

export interface Turn {
  filter: UpstreamFilter;
  cursor: FilterCursor;
  /** How far back the first pull goes, in Unix seconds. */
  floor: number;
  /** The ranges that are not on the queue yet, newest first. A pull removes what it has queued. */
  unfinished: Range[];
  /** Ranges that cannot be had: those of earlier pulls, and new ones. */
  lost: LostRange[];
  /** Whether the turn has begun. */
  isTaken: boolean;
}

/** How much of a job is used, and where it ends. */
export interface Bound {
  pages: number;
  /** Unix seconds. */
  time: number;
}

/** Returns a turn for each filter. The one whose last turn was the longest ago is first. */
export function turnsOf({ filters, cursor, history }: PullTask, now: number): Turn[] {
  return filters
    .map((filter) => {
      const progress = cursorOf(cursor, filter);
      const unfinished = rangesToPull(progress, now, history);
      const lost = [...(progress.lost ?? [])];
      return {
        filter,
        cursor: progress,
        floor: Math.max(0, now - history),
        unfinished,
        lost,
        isTaken: false,
      };
    })
    .toSorted((a, b) => (a.cursor.triedAt ?? 0) - (b.cursor.triedAt ?? 0));
}

/** Returns where the next of `turns` turns ends: its equal part of what the job has left. */
export function shareOf(used: Bound, end: Bound, turns: number): Bound {
  return {
    pages: used.pages + Math.ceil((end.pages - used.pages) / turns),
    time: used.time + (end.time - used.time) / turns,
  };
}

/** Returns the cursor of the upstream after a pull that started at `now`. Filters that are not asked for any more are gone. */
export function cursorAfter(turns: readonly Turn[], now: number): Cursor {
  const filters = turns.map(({ filter, cursor, unfinished, lost, isTaken }) => [
    keyOfFilter(filter),
    isTaken ? withLost(advance(cursor, now, unfinished), lost) : cursor,
  ]);
  return { version: 2, filters: Object.fromEntries(filters) as Cursor["filters"] };
}
