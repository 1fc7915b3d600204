/**
 * One pull of one upstream, in bounded work: filter by filter, page by page, newest first, onto the queue. The cursor moves
 * last.
 */
import { printable } from "../../nostr/characters.ts";
import { queueAttributes, queuePeer } from "../../telemetry/messaging.ts";
import { errorType } from "../../telemetry/span-attributes.ts";
import type { Span } from "../../telemetry/tracing.ts";
import type { Cursor } from "../../store/upstreams/upstream-cursor.ts";
import type { Findings } from "../../store/upstreams/upstream-health.ts";
import { compareTurn } from "../compare/compare-turn.ts";
import { ofUpstream } from "../conversation/upstream-span.ts";
import { Handover } from "../turn/handover.ts";
import { Stop } from "../turn/inquiry.ts";
import { type Job, limitsOf, type PullDeps } from "../turn/job.ts";
import { lookBack } from "../turn/look-back.ts";
import { pullRanges } from "../turn/pages.ts";
import { listsOnlyPart } from "../compare/partial-listing.ts";
import { sampleTurn } from "../turn/sample.ts";
import { cursorAfter, type PullTask, shareOf, type Turn, turnsOf } from "../turn/turns.ts";

export interface PullResult {
  cursor: Cursor;
  /** Whether work remains although the upstream answers: pull again soon. */
  isUnfinished: boolean;
  /** Number of answers that brought something. A pull that fails after some of them still made progress. */
  pages: number;
  findings: Findings;
  /** The error, if the pull failed. If several filters failed, that of the one that ended the pull, or of the first one. */
  problem?: string;
  /** Seconds for which the upstream wants to be left alone. */
  pause?: number;
}

/** Bounds of one job, so that no upstream delays the others. */
export const MOST_QUESTIONS = 100;
export const MOST_SECONDS = 60;
const LONGEST_PROBLEM = 300;

export function pull(task: PullTask, deps: PullDeps): Promise<PullResult> {
  const attributes = { upstream: task.url, ...queueAttributes("pulls") };
  const about = { kind: "consumer", peer: queuePeer("pulls"), attributes } as const;
  return deps.tracer.span("pull", about, async (span) => {
    const now = deps.now();
    const turns = turnsOf(task, now);
    const findings: Findings = { bytes: 0, received: 0, queued: 0 };
    let job: Job | undefined;
    let error: unknown;
    try {
      job = await openJob(task, { deps, span, findings, now });
      await setLimits(job, task);
      await takeTurns(job, turns, task.questions);
    } catch (caught) {
      error = caught;
      // Only the log and the database have the reason: a trace must not contain text of an upstream.
      span.set("error.type", errorType(caught));
    }
    deps.tracer.span("cleanup", { parent: span.traceparent }, () => closeJob(job));
    const pause = error instanceof Stop ? error.pause : undefined;
    const isUnfinished = error === undefined && turns.some(({ unfinished }) => unfinished.length > 0);
    const outcome = error !== undefined ? "failed" : isUnfinished ? "unfinished" : "complete";
    deps.metrics.add("pulls_total", { source: "upstream", outcome });
    return {
      cursor: cursorAfter(turns, now),
      isUnfinished,
      pages: job?.pages ?? 0,
      findings,
      ...(error !== undefined && { problem: problemOf(error) }),
      ...(pause !== undefined && { pause }),
    };
  });
}

async function openJob(
  { url, rules, rate }: PullTask,
  { deps, span, findings, now }: { deps: PullDeps; span: Span; findings: Findings; now: number },
): Promise<Job> {
  const begun = deps.milliseconds();
  const parent = span.traceparent;
  const about = { parent, ...ofUpstream(url) };
  const upstream = await deps.tracer.span("connect", about, () => deps.connect(url));
  findings.latency = deps.milliseconds() - begun;
  deps.metrics.add("relay_connect_counts", { source: "upstream" });
  const deadline = now + MOST_SECONDS;
  return {
    url,
    upstream,
    deps,
    handover: new Handover(url, deps),
    span,
    findings,
    limits: limitsOf({ announced: undefined, learnt: undefined, failures: 0 }),
    speaksNegentropy: false,
    counts: false,
    rules,
    rate,
    nextAsk: 0,
    kinds: new Set(),
    deadline,
    asked: 0,
    pages: 0,
    turn: { filter: {}, share: { pages: MOST_QUESTIONS, time: deadline }, asked: 0, lost: [] },
  };
}

/** Asks for no more events in one answer than the upstream announces, or has taught. */
async function setLimits(job: Job, { learntLimit, failures = 0 }: PullTask): Promise<void> {
  const { maxLimit, speaksNegentropy, counts = false } = await job.deps.announced(job.url);
  if (maxLimit !== undefined) job.findings.announcedLimit = maxLimit;
  job.speaksNegentropy = speaksNegentropy;
  job.counts = counts;
  job.limits = limitsOf({ announced: maxLimit, learnt: learntLimit, failures });
}

/**
 * Pulls filter after filter. A filter that fails does not stop the others, because upstreams refuse some questions and
 * answer others. Throws the error that ended the pull, or the first one.
 */
async function takeTurns(job: Job, turns: Turn[], questions = MOST_QUESTIONS): Promise<void> {
  const errors: unknown[] = [];
  const end = { pages: questions, time: job.deadline };
  for (const [at, turn] of turns.entries()) {
    const { filter, lost } = turn;
    const used = { pages: job.asked, time: job.deps.now() };
    if (used.pages >= end.pages || used.time >= end.time) break;
    turn.isTaken = true;
    job.turn = { filter, share: shareOf(used, end, turns.length - at), asked: job.asked, lost };
    try {
      const former = { ...turn };
      const isCompared = (await compareTurn(job, turn)) && !(await listsOnlyPart(job, turn, former));
      await pullRanges(job, turn.unfinished);
      await lookBack(job, turn);
      if (!isCompared) await sampleTurn(job, turn);
    } catch (error) {
      if (!(error instanceof Stop) || error.problem !== undefined) errors.push(error);
      if (error instanceof Stop && error.isFinal) break;
    }
  }
  const last = errors.find((error) => error instanceof Stop && error.isFinal);
  if (errors.length > 0) throw last ?? errors[0];
}

function closeJob(job: Job | undefined): void {
  if (!job) return;
  const { traffic, wantsAuth } = job.upstream;
  job.upstream.close();
  job.findings.bytes = traffic.characters;
  if (wantsAuth) job.findings.wantsAuth = true;
  job.deps.metrics.add("message_received_counts", { source: "upstream" }, traffic.frames);
  job.deps.metrics.add("cleanup_counts", { source: "upstream" });
}

/**
 * Returns a short error text. It may quote the upstream, so control characters are removed: they could steer a
 * terminal.
 */
function problemOf(error: unknown): string {
  return printable(error instanceof Error ? error.message : String(error)).slice(0, LONGEST_PROBLEM);
}
