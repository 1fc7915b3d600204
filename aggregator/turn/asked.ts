/** Which events of an answer were asked for. Upstreams send others too: those are not taken, and move no cursor. */
import type { Question } from "../conversation/answer.ts";

/** Returns created_at of any value; undefined if it is not an integer. */
export function createdAt(event: unknown): number | undefined {
  const time =
    typeof event === "object" && event !== null && "created_at" in event ? event.created_at : undefined;
  return Number.isSafeInteger(time) ? (time as number) : undefined;
}

/**
 * Returns whether an event answers a question. One that is too long or too deeply nested to be read has only its time, and
 * counts: the pages go past it.
 */
export function isAsked(question: Question, event: unknown): boolean {
  const time = createdAt(event);
  if (time === undefined || time < (question.since ?? 0) || time > (question.until ?? Infinity)) return false;
  const { id, kind, pubkey, tags } = event as Record<string, unknown>;
  if (id === undefined) return true;
  const { kinds, authors, ids } = question;
  return (
    (!kinds || kinds.includes(kind as number)) &&
    (!authors || authors.includes(pubkey as string)) &&
    (!ids || ids.includes(id as string)) &&
    Object.entries(question).every(([field, values]) => !field.startsWith("#") || hasTag(tags, field, values))
  );
}

function hasTag(tags: unknown, field: string, values: readonly unknown[]): boolean {
  const name = field.slice(1);
  return (
    Array.isArray(tags) &&
    tags.some((tag) => Array.isArray(tag) && tag[0] === name && values.includes(tag[1]))
  );
}
