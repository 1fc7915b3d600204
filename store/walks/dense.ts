/**
 * Which lists of authors or kinds are most of what is stored: then it is cheaper to walk the index of all times, and to leave
 * out the others, than to merge the stretches of the list.
 */
import { Gaps, nameOf } from "./gaps.ts";
import { type Driver, type Part, stretchesOf } from "./plan.ts";

/** A merged entry costs about as much as this many entries of a single stretch. */
export const COST_OF_MERGED = 5;

/** So does each stretch, in each step, even if it is empty: its first entry, and a few more if some kinds are wanted. */
export const COST_OF_STRETCH = 2;
export const COST_OF_STRETCH_WITH_KINDS = 4;

/** Returns about how many entries it costs to begin merging a list. A single stretch needs no merging. */
export function costOfList(part: Part, driver: Driver): number {
  const stretches = stretchesOf(part, driver);
  if (stretches === 1) return 0;
  const hasKinds = part.filter.kinds !== undefined && driver.by !== "kind";
  return stretches * (hasKinds ? COST_OF_STRETCH_WITH_KINDS : COST_OF_STRETCH);
}

/** A list that was not dense is tried again after this many reads: what is stored changes. */
const READS = 100;

/** Number of lists that are remembered. */
const MOST_LISTS = 1000;

export class Dense {
  /** What is known of lists that are not dense. */
  readonly gaps = new Gaps();
  /** By the kinds and the length of a list: the number of reads until it is tried again. */
  private readonly sparse = new Map<string, number>();

  /** Whether to walk all times first. It costs at most as much as to merge the list. */
  isWorthATry(part: Part, { by }: Driver): boolean {
    if (part.isPrivate || (by !== "author" && by !== "kind")) return false;
    if (stretchesOf(part, { by }) === 1) return false;
    const list = nameOf(part, { by });
    const left = this.sparse.get(list) ?? 0;
    if (left === 0) return true;
    this.sparse.set(list, left - 1);
    return false;
  }

  /** Returns the index to walk instead. */
  driverOf({ filter: { kinds, authors } }: Part): Driver {
    return { by: authors && kinds?.length === 1 ? "kind" : "time" };
  }

  /** Remembers whether it was enough. */
  learn(part: Part, driver: Driver, isDense: boolean): void {
    const list = nameOf(part, driver);
    if (isDense) this.sparse.delete(list);
    else this.sparse.set(list, READS);
    if (this.sparse.size > MOST_LISTS) this.sparse.clear();
  }
}
