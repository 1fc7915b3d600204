/** Pulls ranges of created_at page by page, newest first. Each step removes from the ranges what is on the queue. */
import type { Range } from "../store/upstream-cursor.ts";
import { pullSecond } from "./full-second.ts";
import { inquire, type Inquiry, problemOf, Stop, stopAfter } from "./inquiry.ts";
import type { Job } from "./job.ts";
import { type Rest, restOf } from "./page.ts";
import { isBroken } from "./refusal.ts";

const IGNORED = "the upstream sends other events than it is asked for";
/** What one page leaves of a range. */
interface Step {
  ranges: Range[];
  /** Seconds that a later turn asks for by themselves. */
  later?: Range[];
  /** Why the turn ends here. */
  stop?: Stop | undefined;
}

/**
 * Pulls the ranges in `unfinished` and leaves there what is not done. Throws a Stop when the turn ends before they are done.
 */
export async function pullRanges(job: Job, unfinished: Range[]): Promise<void> {
  const later: Range[] = [];
  try {
    while (unfinished[0]) {
      const [own, others] = [unfinished.slice(0, 1), unfinished.slice(1)];
      const seen = new Set<string>();
      while (own[0]) {
        const step = await pullStep(job, own[0], seen);
        own.splice(0, 1, ...step.ranges);
        later.push(...(step.later ?? []));
        unfinished.splice(0, unfinished.length, ...own, ...others);
        if (step.stop) throw step.stop;
      }
    }
  } finally {
    unfinished.push(...later);
  }
}

/**
 * Asks for the newest events of a range. Does not ask for events that are dated too far ahead to be stored: a later pull gets
 * them, because each pull goes back.
 */
async function pullStep(job: Job, range: Range, seen: Set<string>): Promise<Step> {
  const closed = { since: range.since, until: range.until ?? job.deps.now() + job.deps.farthest };
  const inquiry = await inquire(job, { ...closed, limit: job.limits.page }, seen);
  const rest = restOf(closed, inquiry.page, inquiry.answer, job.limits);
  if (isBroken(inquiry.answer.ending)) return afterBroken(job, range, { inquiry, rest });
  switch (rest.kind) {
    case "second":
      return pullFullSecond(job, { range, closed, rest, seen });
    case "ranges":
      return { ranges: rest.ranges };
    case "done":
      return { ranges: [] };
    default:
      return { ranges: [range], stop: new Stop(IGNORED) };
  }
}

type SecondRest = Rest & { kind: "second" };

async function pullFullSecond(
  job: Job,
  {
    range,
    closed,
    rest,
    seen,
  }: { range: Range; closed: Required<Range>; rest: SecondRest; seen: Set<string> },
): Promise<Step> {
  const { second, ranges } = rest;
  if (isLost(job, second)) return { ranges };
  try {
    const reason = await pullSecond(job, second, seen);
    if (reason !== undefined) lose(job, second, reason);
    return { ranges };
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    if (error.problem === undefined) return { ranges: [range], stop: error };
    return { ...setAside(job, closed, rest, error.problem), stop: error };
  }
}

/** Goes on below what has come, with smaller pages, as long as something new comes. */
function afterBroken(job: Job, range: Range, { inquiry, rest }: { inquiry: Inquiry; rest: Rest }): Step {
  const { answer, page, question } = inquiry;
  const stop = stopAfter(inquiry);
  const isProgress = page.fresh > 0 && !stop;
  if (isProgress && answer.ending.how !== "cut") {
    job.limits.page = Math.max(
      Math.floor(job.limits.page / 2),
      Math.min(page.wanted.length, job.limits.page),
    );
  }
  if (rest.kind === "ranges")
    return { ranges: rest.ranges, stop: stop ?? (isProgress ? undefined : new Stop(problemOf(inquiry))) };
  if (rest.kind === "second" && isProgress) {
    // So many events of a second come: asked for no more, the upstream may end its answer.
    job.limits.page = Math.min(job.limits.page, page.wanted.length);
    job.limits.most = job.limits.page;
    return { ranges: [range] };
  }
  if (rest.kind === "second") {
    const closed = { since: range.since, until: question.until ?? rest.second };
    return { ...setAside(job, closed, rest, problemOf(inquiry)), stop };
  }
  return { ranges: [range], stop: stop ?? (isProgress ? undefined : new Stop(problemOf(inquiry))) };
}

/**
 * Leaves a second whose events do not come for the next pull, which asks for it by itself. If it has been asked for by itself, it
 * is lost. Otherwise one second would keep the pulls from all that is older.
 */
function setAside(job: Job, range: Required<Range>, { second, ranges }: SecondRest, problem: string): Step {
  if (range.since < range.until) return { ranges, later: [{ since: second, until: second }] };
  lose(job, second, problem);
  return { ranges: [] };
}

function lose(job: Job, second: number, reason: string): void {
  if (!isLost(job, second)) job.turn.lost.push({ since: second, until: second, reason });
}

function isLost({ turn }: Job, second: number): boolean {
  return turn.lost.some(({ since, until }) => second >= since && second <= until);
}
