/**
 * A second that has more events than the upstream gives at once. NIP-01 has no way to ask for what follows within a second, so
 * it is asked for in parts: by kinds, and then by authors.
 */
import { isHex64 } from "../../nostr/event.ts";
import { COMMON_KINDS } from "../../nostr/kinds.ts";
import { type Inquiry, inquire, learnUntil, Stop, stopAfter, stopFor } from "./inquiry.ts";
import type { Job } from "./job.ts";
import { SUSPICIOUS } from "./page.ts";
import { isBroken } from "../conversation/refusal.ts";

/** Maximum number of questions for one second. A turn with fewer gives up after half of its questions. */
export const MOST_QUESTIONS = 40;
/** Maximum number of authors in one question. Many relays accept no more in a filter. */
const MOST_AUTHORS = 500;
/** The weight of a value of which no event has come, in events. */
const UNSEEN = 0.01;
const TOO_MANY =
  "one second has more events than the upstream gives at once; they were asked for by kinds and authors, and some may be missing";

interface Parts {
  job: Job;
  second: number;
  /** The ids that have come. */
  seen: Set<string>;
  /** How many events of each kind, and of each author, have come. */
  kinds: Map<number, number>;
  authors: Map<string, number>;
  questions: number;
  /** Whether a part could not be asked for, or could not be divided. */
  isIncomplete: boolean;
}

interface Part {
  kinds?: number[];
  authors?: string[];
}

/**
 * Asks for all events of one second, after a question whose answer was full of it. `seen` has the ids that have come. Returns why
 * events may be missing; undefined if all have come.
 */
export async function pullSecond(
  job: Job,
  second: number,
  { inquiry, seen }: { inquiry: Inquiry; seen: Set<string> },
): Promise<string | undefined> {
  const { filter } = job.turn;
  const parts: Parts = {
    job,
    second,
    seen,
    kinds: new Map([...COMMON_KINDS, ...job.kinds].map((kind) => [kind, 0])),
    authors: new Map(),
    questions: 0,
    isIncomplete: false,
  };
  try {
    let whole = await askPart(parts, {});
    if (learnUntil(job, whole, second)) whole = await askPart(parts, {});
    if (isCutOff(inquiry, whole)) capAt(job, whole);
    if (!isFull(job, whole) && whole.page.wanted.length < SUSPICIOUS) return undefined;
    const before = seen.size;
    await divide(parts, {}, whole);
    if (seen.size === before && !parts.isIncomplete) return undefined;
  } catch (error) {
    if (!(error instanceof Stop) || error.problem !== undefined || !isGivenUp(parts)) throw error;
    return TOO_MANY;
  }
  return filter.kinds && !parts.isIncomplete ? undefined : TOO_MANY;
}

/** Asks for the two halves of a part, and divides those again that are full. */
async function divide(parts: Parts, part: Part, answered: Inquiry): Promise<void> {
  const { job, seen } = parts;
  const halves = halvesOf(parts, part);
  if (halves.length === 0 || parts.questions + halves.length > MOST_QUESTIONS) {
    parts.isIncomplete = true;
    return;
  }
  const before = seen.size;
  const inquiries: Inquiry[] = [];
  for (const half of halves) inquiries.push(await askPart(parts, half));
  // More has come in parts than at once, so the upstream cut off its answer without saying so.
  if (seen.size > before) capAt(job, answered);
  else if (answered.answer.ending.how !== "full" && answered.answer.events.length < SUSPICIOUS) return;
  for (const [at, half] of halves.entries()) {
    const inquiry = inquiries[at];
    if (inquiry && isFull(job, inquiry)) await divide(parts, half, inquiry);
  }
}

async function askPart(parts: Parts, part: Part): Promise<Inquiry> {
  const { job, second, seen } = parts;
  parts.questions += 1;
  const inquiry = await inquire(job, { since: second, until: second, limit: job.limits.most, ...part }, seen);
  if (isBroken(inquiry.answer.ending)) throw stopAfter(inquiry) ?? stopFor(inquiry);
  for (const event of inquiry.page.wanted) {
    const { kind, pubkey } = event as Record<string, unknown>;
    if (typeof kind === "number") parts.kinds.set(kind, (parts.kinds.get(kind) ?? 0) + 1);
    if (isHex64(pubkey)) parts.authors.set(pubkey, (parts.authors.get(pubkey) ?? 0) + 1);
  }
  return inquiry;
}

function halvesOf(parts: Parts, { kinds, authors }: Part): Part[] {
  const { filter } = parts.job.turn;
  if (!kinds || kinds.length > 1) {
    const all = kinds ?? filter.kinds ?? [...parts.kinds.keys()];
    if (all.length > 1) return halve(all, parts.kinds).map((half) => ({ kinds: half }));
  }
  if (!filter.authors) parts.isIncomplete = true;
  const all = authors ?? filter.authors ?? [...parts.authors.keys()].slice(0, MOST_AUTHORS);
  if (all.length <= 1) return [];
  return halve(all, parts.authors).map((half) => ({ ...(kinds && { kinds }), authors: half }));
}

/** Divides values into two lists, of which each has about half of the events. */
function halve<T>(values: readonly T[], counts: Map<T, number>): [T[], T[]] {
  const sorted = values.toSorted((a, b) => (counts.get(b) ?? 0) - (counts.get(a) ?? 0));
  const weights = sorted.map((value) => counts.get(value) || UNSEEN);
  const half = weights.reduce((sum, weight) => sum + weight, 0) / 2;
  let at = 1;
  let weight = weights[0] ?? 0;
  // As long as the next value brings the first list closer to one half.
  for (; at < sorted.length - 1 && weight + (weights[at] ?? 0) / 2 < half; at += 1)
    weight += weights[at] ?? 0;
  return [sorted.slice(0, at), sorted.slice(at)];
}

/** Whether an answer was full, and one to the question for more has brought no more. */
function isCutOff({ answer, question }: Inquiry, more: Inquiry): boolean {
  return (
    answer.ending.how === "full" &&
    !more.page.isAbove &&
    more.question.limit > question.limit &&
    more.answer.events.length <= answer.events.length
  );
}

function capAt({ limits }: Job, { answer }: Inquiry): void {
  limits.cap = Math.min(limits.cap, answer.events.length);
}

function isFull({ limits }: Job, { answer }: Inquiry): boolean {
  return answer.ending.how === "full" || answer.events.length >= limits.cap;
}

/** Whether so much of a turn went into one second that the next turn would get no further. */
function isGivenUp({ job: { turn }, questions }: Parts): boolean {
  return questions >= Math.min(10, (turn.share.pages - turn.asked) / 2);
}
