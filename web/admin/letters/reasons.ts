/** Why events became dead letters, counted. */
import type { Letter } from "../../shared/management/answers.ts";

/** Returns each reason with its number of letters, the most frequent first. */
export function countedReasons(
  letters: readonly Pick<Letter, "reason">[],
): [reason: string, count: number][] {
  const counts = new Map<string, number>();
  for (const { reason } of letters) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a);
}
