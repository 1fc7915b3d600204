/** Pulls ranges of created_at page by page, newest first. Each step removes from the ranges what is on the queue. */
import type { Range } from "../../store/upstreams/upstream-cursor.ts";
import { pullSecond } from "./full-second.ts";
import { inquire, type Inquiry, learnUntil, lower, SLOW, Stop, stopAfter, stopFor } from "./inquiry.ts";
import type { Job } from "./job.ts";
import { type Rest, restOf, SUSPICIOUS } from "./page.ts";
import { isBroken } from "../conversation/refusal.ts";
import { type Bound, shareOf } from "./turns.ts";

const IGNORED = "the upstream sends other events than it is asked for";
/** After so many ranges of which nothing came, a turn ends. If the upstream refuses what is new, it ends at once. */
const MOST_FAILED = 3;
/** Some of them are lost to waiting. */
const FEW_QUESTIONS = 4;

/** What remains of a range. */
interface Progress {
  ranges: Range[];
  /** Seconds that a later turn asks for by themselves, and why. */
  later: Range[];
  aside?: Stop | undefined;
}

/** What one page leaves of a range. */
interface Step extends Partial<Progress> {
  ranges: Range[];
  /** Why the range goes no further in this turn. */
  stop?: Stop | undefined;
}

/** What the pages of one range have shown so far. */
interface Pass {
  /** The ids that have come. */
  seen: Set<string>;
  /** The second of the page before, and its number of events, if all were of one second and fewer than asked for. */
  short?: { second: number; count: number } | undefined;
  /** The oldest second of the page before. The next question asks for it again, because it may have more events. */
  oldest?: number | undefined;
}

/**
 * Pulls the ranges in `unfinished` and leaves there what is not done. Throws a Stop if something remains. A range that gets stuck
 * does not keep the turn from the others.
 */
export async function pullRanges(job: Job, unfinished: Range[]): Promise<void> {
  const waiting = unfinished.splice(0);
  const { share } = job.turn;
  const stops: Stop[] = [];
  let failed = 0;
  try {
    // With few questions in each turn, what is new would take them all.
    const isAnyFirst = (share.time - job.deps.now()) * (job.rate ?? Infinity) < 60 * FEW_QUESTIONS;
    const first = isAnyFirst ? nextGap(job, waiting) : waiting.shift();
    for (let range = first; range; range = nextGap(job, waiting)) {
      const isNew = range.until === undefined;
      // What is new comes first, and leaves half of the turn to the gaps.
      job.turn.share = isNew && waiting.length > 0 ? halfOf(job) : share;
      const pages = job.pages;
      const progress: Progress = { ranges: [range], later: [] };
      const stop = await pullRange(job, progress).finally(() => {
        unfinished.push(...progress.ranges, ...progress.later);
      });
      if (!stop) continue;
      stops.push(stop);
      const isStuck = stop.problem !== undefined && job.pages === pages;
      if (isStuck) failed += isNew && stop.isRefusal ? MOST_FAILED : 1;
      if (stop.isFinal || failed >= MOST_FAILED || (stop.problem === undefined && !isNew)) break;
    }
  } finally {
    job.turn.share = share;
    unfinished.push(...waiting);
  }
  const stop =
    stops.find(({ isFinal }) => isFinal) ?? stops.find(({ problem }) => problem !== undefined) ?? stops[0];
  if (stop) throw stop;
}

/** Takes any of the gaps: if always the same one came first, and took all the time, the others would never be pulled. */
function nextGap({ deps, asked }: Job, gaps: Range[]): Range | undefined {
  const mixed = Math.imul(deps.now() + asked, 0x9e3779b1) >>> 16;
  return gaps.splice(mixed % Math.max(1, gaps.length), 1)[0];
}

/** Changes `progress` step by step. Returns why something remains; undefined if nothing does. */
async function pullRange(job: Job, progress: Progress): Promise<Stop | undefined> {
  const pass: Pass = { seen: new Set() };
  try {
    while (progress.ranges[0]) {
      const step = await pullStep(job, progress.ranges[0], pass);
      progress.ranges.splice(0, 1, ...step.ranges);
      progress.later.push(...(step.later ?? []));
      progress.aside ??= step.aside;
      if (step.stop) throw step.stop;
    }
    return progress.aside;
  } catch (error) {
    const [range] = progress.ranges;
    if (pass.short && range) progress.ranges[0] = { since: range.since, until: pass.short.second };
    if (error instanceof Stop) return error;
    throw error;
  }
}

function halfOf({ asked, deps, turn: { share } }: Job): Bound {
  return shareOf({ pages: asked, time: deps.now() }, share, 2);
}

/**
 * Asks for the newest events of a range. Does not ask for events that are dated too far ahead to be stored: a later pull gets
 * them, because each pull goes back.
 */
async function pullStep(job: Job, range: Range, pass: Pass): Promise<Step> {
  const { limits } = job;
  const closed = { since: range.since, until: range.until ?? job.deps.now() + job.deps.farthest };
  const inquiry = await inquire(job, { ...closed, limit: limits.page }, pass.seen);
  if (closed.until === pass.oldest && learnUntil(job, inquiry, closed.until)) return { ranges: [range] };
  pass.oldest = inquiry.page.oldest;
  const rest = restOf(closed, inquiry.page, inquiry.answer, limits);
  const doubted = doubtedBy(job, inquiry, pass);
  if (isBroken(inquiry.answer.ending)) return plus(doubted, afterBroken(job, range, { inquiry, rest }));
  forgetLost(
    job,
    rest.kind === "done" ? closed : { ...closed, since: (inquiry.page.oldest ?? closed.until) + 1 },
  );
  switch (rest.kind) {
    case "second":
      return plus(doubted, await pullFullSecond(job, { range, closed, rest, inquiry, seen: pass.seen }));
    case "short":
      pass.short = { second: rest.second, count: inquiry.answer.events.length };
      return plus(doubted, { ranges: rest.ranges });
    case "ranges":
      return plus(doubted, { ranges: rest.ranges });
    case "done":
      return { ranges: doubted };
    default:
      return { ranges: [range], stop: new Stop(IGNORED) };
  }
}

/**
 * If something comes below a page that had fewer events than were asked for, the upstream gives fewer than it is asked for. It may
 * have more events of the second of that page.
 */
function doubtedBy({ limits }: Job, { page }: Inquiry, pass: Pass): Required<Range>[] {
  const { short } = pass;
  pass.short = undefined;
  if (!short || page.wanted.length === 0) return [];
  limits.cap = Math.min(limits.cap, short.count);
  return [{ since: short.second, until: short.second }];
}

function plus(ranges: Range[], step: Step): Step {
  return { ...step, ranges: [...ranges, ...step.ranges] };
}

type SecondRest = Rest & { kind: "second" };

interface FullSecond {
  range: Range;
  closed: Required<Range>;
  rest: SecondRest;
  /** The question whose answer was full of this second. */
  inquiry: Inquiry;
  /** The ids that have come. */
  seen: Set<string>;
}

async function pullFullSecond(job: Job, { range, closed, rest, inquiry, seen }: FullSecond): Promise<Step> {
  const { second, ranges } = rest;
  if (isLost(job, second)) return { ranges };
  try {
    const reason = await pullSecond(job, second, { inquiry, seen });
    if (reason !== undefined) lose(job, second, reason);
    return { ranges };
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    if (error.problem === undefined) return { ranges: [range], stop: error };
    return { ...setAside(job, closed, rest, error), stop: error };
  }
}

/** Goes on below what has come, with smaller pages, as long as something new comes. */
function afterBroken(job: Job, range: Range, { inquiry, rest }: { inquiry: Inquiry; rest: Rest }): Step {
  const stop = stopAfter(inquiry);
  const isProgress = inquiry.page.fresh > 0 && !stop;
  if (isProgress && inquiry.answer.ending.how !== "cut") askForLess(job, inquiry);
  if (rest.kind === "second" && stop?.pause === undefined)
    return afterBrokenSecond(job, range, { inquiry, rest, stop, isProgress });
  const ranges = rest.kind === "ranges" ? rest.ranges : [range];
  return { ranges, stop: stop ?? (isProgress ? undefined : stopFor(inquiry)) };
}

function askForLess({ limits }: Job, { page }: Inquiry): void {
  const least = Math.max(1, Math.floor(limits.page / 8));
  limits.page = Math.min(limits.page, Math.max(least, page.wanted.length));
}

/** All that came is of the newest second of the range. */
function afterBrokenSecond(
  job: Job,
  range: Range,
  {
    inquiry,
    rest,
    stop,
    isProgress,
  }: { inquiry: Inquiry; rest: SecondRest; stop: Stop | undefined; isProgress: boolean },
): Step {
  const { page, answer, question, within } = inquiry;
  const isFew = page.wanted.length < SUSPICIOUS;
  // Few events and then silence: that was all, from an upstream that sends no EOSE.
  const isQuiet = answer.ending.how === "silence" && answer.notice === undefined && !job.limits.hasEose;
  if (isFew && (isQuiet || (!isProgress && !stop))) return { ranges: rest.ranges };
  if (isProgress) {
    // Asked for no more events of the second than came, the upstream may end its answer.
    if (!isFew) lower(job.limits, page.wanted.length);
    return { ranges: [range] };
  }
  const closed = { since: range.since, until: question.until ?? rest.second };
  // The job ended too soon for this second.
  if (answer.ending.how === "cut" && closed.since === closed.until && within < SLOW)
    return { ranges: [range], stop };
  return { ...setAside(job, closed, rest, stopFor(inquiry)), stop };
}

/**
 * Leaves a second whose events do not come for the next pull, which asks for it by itself. If it has been asked for by itself, it
 * is lost. Otherwise one second would keep the pulls from all that is older.
 */
function setAside(job: Job, range: Required<Range>, { second, ranges }: SecondRest, aside: Stop): Step {
  if (range.since < range.until) return { ranges, later: [{ since: second, until: second }], aside };
  lose(job, second, aside.message);
  return { ranges: [] };
}

function lose(job: Job, second: number, reason: string): void {
  if (!isLost(job, second)) job.turn.lost.push({ since: second, until: second, reason });
}

/** What was lost in an earlier pull has come now. */
function forgetLost({ turn, limits }: Job, range: Required<Range>): void {
  if (!limits.isOrdered) return;
  const left = turn.lost.filter(({ since, until }) => since < range.since || until > range.until);
  turn.lost.splice(0, turn.lost.length, ...left);
}

function isLost({ turn }: Job, second: number): boolean {
  return turn.lost.some(({ since, until }) => second >= since && second <= until);
}
