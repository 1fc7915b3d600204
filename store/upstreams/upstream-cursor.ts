/** The stored progress of pulling an upstream. `aggregator/turn/cursor.ts` moves it. */
import type { Sample, Slices } from "../database/slices.ts";
import { keyOfFilter, type UpstreamFilter } from "./upstream-settings.ts";

/** A range of created_at in Unix seconds, inclusive at both ends. Without `until` it is open to the future. */
export interface Range {
  since: number;
  until?: number;
}

/** A range that the upstream has, but does not give. It is not asked for again. */
export interface LostRange extends Required<Range> {
  /** For the operator, without control characters. */
  reason: string;
}

/** The progress of one filter: which ranges of created_at are on the queue, and which are missing. */
export interface FilterCursor {
  /** Everything created up to this time has been asked for. Absent before the first pull. */
  pulledTo?: number;
  /** When the last three days were last asked for again. */
  sweptAt?: number;
  /** When gift wraps of the last two days were last asked for. */
  lookedBackAt?: number;
  /** When this filter last had its turn. Absent before the first. */
  triedAt?: number;
  /** The gaps: ranges that a pull started but did not finish, newest first. */
  pending: Range[];
  /** Newest first. Absent: none. */
  lost?: LostRange[];
  /** What the upstream holds, as last compared (NIP-77). Absent: never compared. */
  slices?: Slices;
  /** What was looked at of the last days, if it cannot be compared. */
  samples?: Sample[];
}

export interface Cursor {
  version: 2;
  /** By the key of the filter (`keyOfFilter`). */
  filters: Record<string, FilterCursor>;
}

export const NEW_FILTER_CURSOR: FilterCursor = { pending: [] };
export const NEW_CURSOR: Cursor = { version: 2, filters: {} };

/**
 * Reads a stored cursor. Before version 2 there was one filter, which asked for everything. A cursor of an unknown version
 * is dropped, and the upstream is pulled as a new one.
 */
export function readCursor(text: string): Cursor {
  const { version, ...rest } = JSON.parse(text) as { version: number } & FilterCursor;
  if (version === 1) return { version: 2, filters: { [keyOfFilter({})]: rest } };
  return version === 2 ? { version, ...(rest as unknown as Pick<Cursor, "filters">) } : NEW_CURSOR;
}

/** Returns the progress of one filter. What was pulled without any filter counts for a filter that has no cursor yet. */
export function cursorOf(cursor: Cursor, filter: UpstreamFilter): FilterCursor {
  const own = cursor.filters[keyOfFilter(filter)];
  if (own) return own;
  // What the upstream holds of everything is not what it holds of a filter.
  const { slices: _, samples: __, ...everything } = cursor.filters[keyOfFilter({})] ?? NEW_FILTER_CURSOR;
  return everything;
}
