/** Compares an answer with what it must be. */
import type { Question } from "../corpus/questions.ts";

const LONGEST_FILTER = 200;

/** Events may be replaced while an answer is read. Of an answer beside a writer, so many may be missing. */
const REPLACED = 0.02;

/** Returns what is wrong with the events that a relay has sent; undefined if nothing is. `set` has the ids of the question. */
export function problemOf(
  { filter, ids, answer }: Question,
  got: readonly string[],
  set: ReadonlySet<string>,
): string | undefined {
  const wanted = Math.min(ids.length, filter.limit ?? Infinity);
  const least = answer === "open" ? Math.ceil(wanted * (1 - REPLACED)) : wanted;
  if (got.length >= least && got.length <= wanted && areRight()) return undefined;
  const known = got.filter((id) => set.has(id)).length;
  const asked = JSON.stringify(filter).slice(0, LONGEST_FILTER);
  return `${asked}: ${got.length} events, ${known} of the ${wanted} expected, or in another order`;

  function areRight(): boolean {
    if (answer === "exact") return got.every((id, at) => id === ids[at]);
    return new Set(got).size === got.length && (answer === "open" || got.every((id) => set.has(id)));
  }
}
