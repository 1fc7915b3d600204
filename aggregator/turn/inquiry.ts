/** One question to an upstream in a pull: within the bounds of its turn, politely, and with what its refusals teach. */
import type { Answer, Question } from "../conversation/answer.ts";
import { ofUpstream } from "../conversation/upstream-span.ts";
import { NO_ROOM } from "./handover.ts";
import type { Job, Limits } from "./job.ts";
import { type Page, readPage } from "./page.ts";
import { isBroken, pauseIn, refusalIn, smallerLimit } from "../conversation/refusal.ts";
import { problemWith } from "../conversation/upstream.ts";

interface Kind {
  isFinal?: boolean;
  isRefusal?: boolean;
  pause?: number;
}

/** Ends a turn. What came before it is kept. */
export class Stop extends Error {
  /** Why the turn failed. Absent: it has reached its bound, which is no failure. */
  readonly problem: string | undefined;
  /** Whether no other turn can go on either. */
  readonly isFinal: boolean;
  /** Whether the upstream said no. */
  readonly isRefusal: boolean;
  /** Seconds for which the upstream wants to be left alone. */
  readonly pause: number | undefined;

  constructor(problem?: string, { isFinal = false, isRefusal = false, pause }: Kind = {}) {
    super(problem ?? "the turn has reached its bound");
    this.problem = problem;
    this.isFinal = isFinal;
    this.isRefusal = isRefusal;
    this.pause = pause;
  }
}

export interface Inquiry {
  question: Question;
  answer: Answer;
  page: Page;
  /** The ids of the events that were queued or ingested. */
  queued: string[];
  /** How long the answer could take, in milliseconds. */
  within: number;
  /** Seconds for which the upstream wants to be left alone. */
  pause?: number;
}

/** A slow upstream has so long for an answer, in milliseconds, even if the share of its turn is shorter. */
const LEAST_ANSWER = 20_000;
/** Maximum number of different kinds that a job remembers. */
const MOST_KINDS = 1000;
/** The time for an answer, in milliseconds, after which an upstream that has sent nothing new counts as too slow. */
export const SLOW = 30_000;
const TOO_MUCH = "the upstream sends too much data, whatever it is asked for";

/**
 * Asks, queues what came, and reads how far it reaches. Asks again with a smaller limit while the upstream refuses the limit.
 * `seen` has the ids of earlier answers to questions for the same range. Throws a Stop at the bounds of the turn.
 */
export async function inquire(job: Job, asked: Question, seen: Set<string>): Promise<Inquiry> {
  for (;;) {
    await keepBounds(job);
    const limit = Math.min(asked.limit, job.limits.most);
    const inquiry = await askOnce(job, { ...job.turn.filter, ...asked, limit }, seen);
    if (inquiry.page.fresh > 0 || !isBroken(inquiry.answer.ending)) job.pages += 1;
    if (!learn(job, inquiry)) return inquiry;
  }
}

function askOnce(job: Job, question: Question, seen: Set<string>): Promise<Inquiry> {
  const parent = job.span.traceparent;
  return job.deps.tracer.span("handle_message", { parent, ...ofUpstream(job.url) }, async (span) => {
    const within = patience(job);
    const answer = await job.upstream.ask(asUnderstood(job, question), within);
    job.asked += 1;
    const page = readPage(question, answer, seen);
    job.findings.received += answer.events.length;
    span.set("events", answer.events.length);
    const queued = await job.handover.take(page.wanted, span);
    job.findings.queued += queued.length;
    return { question, answer, page, queued, within };
  });
}

function asUnderstood({ limits }: Job, question: Question): Question {
  const { until } = question;
  return until !== undefined && limits.isUntilExclusive ? { ...question, until: until + 1 } : question;
}

/**
 * Learns that an upstream takes `until` as exclusive: `second` was the last one that was asked for, it has events, and none of them
 * came. Returns whether that is new: then the question is to be asked again.
 */
export function learnUntil({ limits }: Job, { answer, page }: Inquiry, second: number): boolean {
  const isMissing = !isBroken(answer.ending) && page.order === "newest-first" && page.newest !== second;
  if (limits.isUntilExclusive || !isMissing) return false;
  limits.isUntilExclusive = true;
  return true;
}

/** Waits until the rate of the upstream allows the next question. Throws a Stop at the bounds of the turn. */
export async function keepBounds(job: Job): Promise<void> {
  const { deps, turn, rate, deadline } = job;
  if (job.asked >= turn.share.pages || deps.now() >= turn.share.time) throw new Stop();
  if (!deps.hasRoom()) throw new Error(NO_ROOM);
  if (rate === undefined) return;
  const wait = job.nextAsk - deps.milliseconds();
  if (deps.now() + Math.ceil(wait / 1000) >= deadline) throw new Stop();
  if (wait > 0) await deps.pause(wait);
  job.nextAsk = deps.milliseconds() + 60_000 / rate;
}

/** Returns how long an answer may take, in milliseconds. */
export function patience({ deps, turn, deadline }: Job): number {
  const now = deps.now();
  const ofTurn = Math.max(LEAST_ANSWER, 1000 * (turn.share.time - now));
  return Math.max(1000, Math.min(ofTurn, 1000 * (deadline - now)));
}

/** Notes what an answer says about order and limits. Returns whether to ask again, with a smaller limit. */
function learn(job: Job, inquiry: Inquiry): boolean {
  const { question, answer, page } = inquiry;
  const { limits } = job;
  const { ending } = answer;
  if (page.order !== "newest-first") limits.isOrdered = false;
  if (answer.events.length > limits.cap) limits.cap = Infinity;
  const refusal = refusalIn(answer);
  const pause = refusal === undefined ? undefined : pauseIn(refusal);
  if (pause !== undefined) {
    inquiry.pause = pause;
    return false;
  }
  for (const event of page.wanted) {
    const { kind } = event as { kind?: unknown };
    if (typeof kind === "number" && job.kinds.size < MOST_KINDS) job.kinds.add(kind);
  }
  if (ending.how === "eose" || ending.how === "full") {
    if (ending.how === "eose") limits.hasEose = true;
    limits.proven = Math.max(limits.proven, question.limit);
    if (limits.isLearnt) job.findings.learntLimit = limits.most;
    if (ending.how === "full" && limits.mayGrow && question.limit >= limits.page)
      grow(limits, question.limit);
    return false;
  }
  if (ending.how === "cut" && ending.why === "size") {
    if (question.limit === 1 || page.wanted.length === 0) throw new Stop(TOO_MUCH);
    lower(limits, Math.max(1, Math.min(Math.floor(question.limit / 4), page.wanted.length)));
    return false;
  }
  // What it refuses may be the number of ids (`compare/fetch-ids.ts`).
  if (refusal === undefined || answer.events.length > 0 || question.ids) return false;
  const smaller = smallerLimit(refusal, question.limit);
  if (smaller === undefined) return false;
  const isProven = smaller < limits.proven && limits.proven < question.limit;
  lower(limits, isProven ? limits.proven : smaller);
  limits.isLearnt = true;
  return true;
}

/** Asks for at most so many events from now on. */
export function lower(limits: Limits, most: number): void {
  limits.most = Math.min(limits.most, most);
  limits.page = Math.min(limits.page, most);
  limits.mayGrow = false;
}

/** An upstream may have raised the limit that it once taught: once in a job, more is asked for. */
function grow(limits: Limits, limit: number): void {
  limits.most = Math.max(limits.most, Math.min(2 * limit, limits.ceiling));
  limits.page = limits.most;
  limits.mayGrow = false;
}

/** Returns the Stop for an answer that is not whole. */
export function stopFor({ answer }: Inquiry, kind: Kind = {}): Stop {
  const { how } = answer.ending;
  return new Stop(problemWith(answer.ending, answer.notice), {
    isRefusal: how === "closed" || how === "auth",
    isFinal: how === "disconnected",
    ...kind,
  });
}

/** Returns why the turn cannot go on after a broken answer; undefined if the upstream may answer another question. */
export function stopAfter(inquiry: Inquiry): Stop | undefined {
  const { answer, page, within, pause } = inquiry;
  const { ending } = answer;
  if (pause !== undefined) return stopFor(inquiry, { isFinal: true, pause });
  if (ending.how === "disconnected") return stopFor(inquiry);
  if (ending.how !== "cut" || ending.why !== "time") return undefined;
  return page.fresh === 0 && within >= SLOW ? stopFor(inquiry) : new Stop();
}
