/**
 * How far apart the matches of lists have been. If it is known, a walk takes all entries of a stretch of time at once, in no order, and
 * does not have to merge: it costs one row for each value of the list and for each entry.
 */
import { boundedByCursor, type Driver, type Part, stretchesOf } from "./plan.ts";
import type { FoundEvent } from "../store.ts";

/** A stretch of time is so much longer than what was enough for the same list, or for lists like it. */
const MORE_FOR_SAME = 1.1;
const MORE_FOR_ALIKE = 1.2;
/** What is remembered of lists alike approaches shorter gaps slowly, so that it is enough for most of them. */
const SLOWLY = 0.97;
/** If a stretch had too many entries, lists alike are merged so many times: they are too different. */
const READS = 100;
const MOST_LISTS = 1000;
/** Number of kinds that tell lists apart. */
const MOST_KINDS = 20;

/** What was found of a list. */
interface Found {
  /** Seconds from one match to the next. */
  gap: number;
  /** How many matches were wanted, and when the newest and the last of them were created, in Unix seconds. */
  wanted: number;
  newest: number;
  last: number;
}

export class Gaps {
  /** By list. Null: it had too many entries, and is merged. */
  private readonly same = new Map<string, Found | null>();
  /** Seconds from one match to the next, by the kinds and the length of a list. */
  private readonly alike = new Map<string, number>();
  /** By the kinds and the length of a list: the number of reads until what is known of others is used again. */
  private readonly different = new Map<string, number>();

  /**
   * Returns the second from which on this many matches are probably found. Undefined if it is not known, or if the list has to be merged.
   * Only for public events: what others have read must tell nothing of private ones.
   */
  sinceFor(part: Part, driver: Driver, wanted: number): number | undefined {
    if (!hasGaps(part, driver)) return undefined;
    const same = this.same.get(listOf(part, driver));
    const seconds = same ? MORE_FOR_SAME * same.gap : same === null ? undefined : this.alikeFor(part, driver);
    if (seconds === undefined) return undefined;
    const from = newestOf(part, same?.newest);
    const since = Math.floor(from - seconds * wanted - 1);
    // What was enough then is enough now, unless it is asked for more or for something older.
    const known = same && from >= same.newest && wanted <= same.wanted ? same.last : 0;
    return Math.max(part.filter.since ?? 0, since, known);
  }

  private alikeFor(part: Part, driver: Driver): number | undefined {
    const name = nameOf(part, driver);
    const left = this.different.get(name) ?? 0;
    if (left > 0) {
      this.different.set(name, left - 1);
      return undefined;
    }
    const gap = this.alike.get(name);
    return gap === undefined ? undefined : MORE_FOR_ALIKE * gap;
  }

  /** Remembers the matches that were found, newest first. There are fewer than `wanted` only if there are no more. */
  learn(part: Part, driver: Driver, found: FoundEvent[], wanted: number): void {
    if (!hasGaps(part, driver)) return;
    const list = listOf(part, driver);
    const isMerged = this.same.get(list) === null;
    const [first, last] = [found[0], found[wanted - 1]];
    const from = newestOf(part, first?.created_at);
    if (!first || !last) {
      // The next read of this list takes everything.
      if (!isMerged && part.filter.since === undefined)
        remember(this.same, list, { gap: from, wanted, newest: 0, last: 0 });
      return;
    }
    // Nobody knows how many more there are in a second that is as crowded.
    if (first.created_at === last.created_at) return;
    const gap = (from - last.created_at) / wanted;
    const name = nameOf(part, driver);
    const answer = { gap, wanted, newest: first.created_at, last: last.created_at };
    if (!isMerged) remember(this.same, list, answer);
    remember(this.alike, name, Math.max(gap, SLOWLY * (this.alike.get(name) ?? 0)));
  }

  /** Remembers that a stretch of time had too many entries. If the list itself was known, it is always merged. */
  forget(part: Part, driver: Driver): void {
    const list = listOf(part, driver);
    if (this.same.has(list)) remember(this.same, list, null);
    else remember(this.different, nameOf(part, driver), READS);
  }
}

function hasGaps(part: Part, driver: Driver): boolean {
  return !part.isPrivate && part.order !== "asc" && stretchesOf(part, driver) > 1;
}

/** Returns the second at which a read begins. `newest` is that of a match, which may be in the future. */
function newestOf(part: Part, newest = 0): number {
  return boundedByCursor(part).until ?? Math.max(part.now, newest);
}

/** Lists that begin and end with the same values, and are as long, count as the same: only the estimate depends on it. */
function listOf(part: Part, driver: Driver): string {
  const { authors = [], kinds = [] } = part.filter;
  const values = driver.by === "tag" ? [driver.tag.name, ...driver.tag.values] : authors;
  const ends = [values.at(0), values.at(1), values.at(-1)].map((value) => value?.slice(-16));
  return [nameOf(part, driver), values.length, kinds.length, ...ends].join(" ");
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  if (map.size >= MOST_LISTS) map.clear();
  map.set(key, value);
}

/** Lists of about the same length, with the same kinds, count as one. So do all lists of many kinds: each name is short. */
export function nameOf(part: Part, driver: Driver): string {
  const length = Math.round(Math.log2(stretchesOf(part, driver)));
  const { kinds = [] } = part.filter;
  return `${driver.by} ${length} ${kinds.length > MOST_KINDS ? "many" : kinds.toString()}`;
}
