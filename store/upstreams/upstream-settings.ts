/** What is pulled from an upstream, or published to it, and how: the settings that an operator chose for it. */
import { described, quoted } from "../../nostr/characters.ts";
import { parseFilter } from "../../nostr/filter.ts";

/** A filter as in NIP-01, of what every pull asks for. Without fields: everything. */
export interface UpstreamFilter {
  kinds?: number[];
  authors?: string[];
  [tag: `#${string}`]: string[];
}

const DIRECTIONS = ["in", "out", "both"] as const;

export interface UpstreamSettings {
  version: 1;
  /** At least one. Each has its own cursor. */
  filters: UpstreamFilter[];
  /** in: events are pulled. out: events are published there. both: both. */
  direction: (typeof DIRECTIONS)[number];
  /** Whether a connection stays open, on which new events arrive at once. */
  live: boolean;
  /** Seconds between two pulls. Absent: PULL_INTERVAL. */
  interval?: number;
  /** How far back the first pull goes, in seconds. Absent: PULL_HISTORY. */
  history?: number | "all";
  /** Maximum number of requests to the upstream in a minute. Absent: no limit. */
  rate?: number;
}

type ParsedSettings = { ok: true; settings: UpstreamSettings } | { ok: false; reason: string };

export const MOST_FILTERS = 20;
/** Maximum number of kinds, authors and tag values in all filters. Many relays accept no more in one filter. */
const MOST_VALUES = 2000;
/** Maximum number of characters of a tag value, so that the filters of an upstream fit in a row of D1. */
const LONGEST_VALUE = 500;

export const DEFAULT_SETTINGS: UpstreamSettings = {
  version: 1,
  filters: [{}],
  direction: "in",
  live: false,
};

const BOUNDS = { interval: [60, 86_400], history: [0, 4_000_000_000], rate: [1, 6000] } as const;

/** Parses the settings that an operator sends. What is absent has its default. `reason` is a sentence for people. */
export function parseUpstreamSettings(value: unknown): ParsedSettings {
  if (!isObject(value)) return refused(`the settings are ${described(value)}, expected an object`);
  const settings: UpstreamSettings = { ...DEFAULT_SETTINGS };
  for (const [field, given] of Object.entries(value)) {
    const problem = takeField(settings, field, given);
    if (problem !== undefined) return refused(problem);
  }
  return { ok: true, settings };
}

/**
 * Reads stored settings. Undefined if they have an unknown version: a later deployment wrote them, and this one does not
 * know what to pull.
 */
export function readUpstreamSettings(text: string): UpstreamSettings | undefined {
  const settings = JSON.parse(text) as Partial<UpstreamSettings> & { version: number };
  return settings.version === 1 ? { ...DEFAULT_SETTINGS, ...settings } : undefined;
}

/** Returns the name of a filter among the cursors of an upstream: its JSON, the same for any order of fields and values. */
export function keyOfFilter(filter: UpstreamFilter): string {
  return JSON.stringify(canonicalFilter(filter));
}

/** Sets one field. Returns what is wrong with it, if anything. */
function takeField(settings: UpstreamSettings, field: string, given: unknown): string | undefined {
  switch (field) {
    case "version":
      return given === 1 ? undefined : `version is ${described(given)}, expected 1`;
    case "filters": {
      const filters = parseFilters(given);
      if (typeof filters === "string") return filters;
      settings.filters = filters;
      return undefined;
    }
    case "direction": {
      const direction = DIRECTIONS.find((one) => one === given);
      if (!direction) return `direction is ${described(given)}, expected ${DIRECTIONS.join(" or ")}`;
      settings.direction = direction;
      return undefined;
    }
    case "live":
      if (typeof given !== "boolean") return `live is ${described(given)}, expected true or false`;
      settings.live = given;
      return undefined;
    case "interval":
    case "history":
    case "rate":
      return takeNumber(settings, field, given);
    default:
      return `there is no setting ${quoted(field, 40)}, there are filters, direction, live, interval, history and rate`;
  }
}

function takeNumber(
  settings: UpstreamSettings,
  field: keyof typeof BOUNDS,
  given: unknown,
): string | undefined {
  if (field === "history" && given === "all") {
    settings.history = "all";
    return undefined;
  }
  const [least, most] = BOUNDS[field];
  if (!Number.isSafeInteger(given) || (given as number) < least || (given as number) > most) {
    const word = field === "history" ? "all or " : "";
    return `${field} is ${described(given)}, expected ${word}a number from ${least} to ${most}`;
  }
  settings[field] = given as number;
  return undefined;
}

function parseFilters(given: unknown): UpstreamFilter[] | string {
  if (!Array.isArray(given) || given.length === 0 || given.length > MOST_FILTERS)
    return `filters is ${described(given)}, expected a list of 1 to ${MOST_FILTERS} filters`;
  const filters = new Map<string, UpstreamFilter>();
  let count = 0;
  for (const one of given) {
    const parsed = parseFilter(one);
    if (!parsed.ok) return parsed.reason;
    for (const [field, values] of Object.entries(one as object)) {
      const problem = fieldProblem(field, values);
      if (problem !== undefined) return problem;
      count += (values as unknown[]).length;
    }
    const filter = canonicalFilter(one as UpstreamFilter);
    filters.set(JSON.stringify(filter), filter);
  }
  if (count > MOST_VALUES) return `the filters have ${count} values; at most ${MOST_VALUES} are allowed`;
  return [...filters.values()];
}

function fieldProblem(field: string, values: unknown): string | undefined {
  if (field !== "kinds" && field !== "authors" && !field.startsWith("#"))
    return `a filter has ${quoted(field, 40)}: only kinds, authors and tags such as #t are pulled by`;
  if (!Array.isArray(values)) return `${field} is ${described(values)}, expected a list`;
  if (values.length === 0) return `${field} is empty, so nothing matches: leave it out to ask for all`;
  const isLong = values.some((item) => typeof item === "string" && item.length > LONGEST_VALUE);
  return isLong ? `${field} has a value of more than ${LONGEST_VALUE} characters` : undefined;
}

/** Returns the filter with its fields and values in a fixed order, each value once. */
function canonicalFilter(filter: UpstreamFilter): UpstreamFilter {
  const fields = Object.entries(filter).map(([field, values]: [string, (string | number)[]]) => [
    field,
    [...new Set(values)].sort(compare),
  ]);
  return Object.fromEntries(fields.sort(([a], [b]) => compare(a as string, b as string))) as UpstreamFilter;
}

function compare(a: string | number, b: string | number): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return a < b ? -1 : Number(a > b);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function refused(reason: string): ParsedSettings {
  return { ok: false, reason };
}
