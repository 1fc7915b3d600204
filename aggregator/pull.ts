/**
 * One pull of one upstream, in bounded work: filter by filter, page by page, newest first, onto the queue. The cursor moves
 * last.
 */
import { idOf, isHex64 } from "../nostr/event.ts";
import { type Outcome, refusalOf } from "../relay/ingest/ingest.ts";
import type { Refusal } from "../nostr/message.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Span, Tracer } from "../telemetry/tracing.ts";
import { type Bundle, bundleEvents, bytesOf } from "./bundle.ts";
import { type DeadLetter, deadLetters } from "./consume.ts";
import { remaining } from "./cursor.ts";
import type { Answer } from "./answer.ts";
import type { Cursor, Range } from "../store/upstream-cursor.ts";
import type { Findings } from "../store/upstream-health.ts";
import type { UpstreamFilter } from "../store/upstream-settings.ts";
import { type Bound, cursorAfter, type PullTask, shareOf, type Turn, turnsOf } from "./turns.ts";
import { problemWith, type Upstream } from "./upstream.ts";

export interface PullDeps {
  connect(url: string): Promise<Upstream>;
  /** Returns the upstream's own limit for one answer; undefined if it does not announce one. */
  maxLimit(url: string): Promise<number | undefined>;
  /** Returns the ids that need not be queued, out of these: they are stored, or were refused from this upstream. */
  known(ids: string[], upstream: string): Promise<Set<string>>;
  /** Whether the database has room for events of upstreams, as the last statement has told. */
  hasRoom(): boolean;
  enqueue(bundles: Bundle[]): Promise<void>;
  /** Ingests an event that fits in no queue message. */
  ingest(event: unknown, traceparent: string | undefined): Promise<Outcome>;
  deadLetter(letters: DeadLetter[]): Promise<void>;
  /** Maximum size of an event that may be stored, in bytes. */
  longest: number;
  /** How far in the future created_at may be, in seconds. */
  farthest: number;
  /** Whether an event is old enough to be removed at once. */
  isOutdated(event: { kind: number; created_at: number }): boolean;
  /** Unix seconds. */
  now(): number;
  /** Milliseconds of a clock that only differences are taken of. */
  milliseconds(): number;
  metrics: Metrics;
  tracer: Tracer;
}

export interface PullResult {
  cursor: Cursor;
  /** Whether work remains although the upstream answers: pull again soon. */
  isUnfinished: boolean;
  /** Number of received pages. A pull that fails after some pages still made progress. */
  pages: number;
  findings: Findings;
  /** The error, if the pull failed. If several filters failed, that of the first one. */
  problem?: string;
}

/** Bounds of one job, so that no upstream delays the others. */
const MOST_PAGES = 100;
const MOST_SECONDS = 60;
const PAGE = 500;
const LARGEST_PAGE = 5000;
const LONGEST_PROBLEM = 300;
const NO_ROOM = "the database has no room for events of upstreams";

interface Job {
  url: string;
  upstream: Upstream;
  /** What every question of this turn asks for, beside a range. */
  filter: UpstreamFilter;
  limit: number;
  /** Maximum limit of one question. */
  most: number;
  /** Where this turn ends, and where the whole job does, in Unix seconds. */
  share: Bound;
  deadline: number;
  pages: number;
  findings: Findings;
  deps: PullDeps;
}

export function pull(task: PullTask, deps: PullDeps): Promise<PullResult> {
  const { url } = task;
  return deps.tracer.span("pull", { attributes: { upstream: url } }, async (span) => {
    const now = deps.now();
    const turns = turnsOf(task, now);
    const findings: Findings = { bytes: 0, received: 0, queued: 0 };
    let job: Job | undefined;
    let problem: string | undefined;
    try {
      job = await openJob(url, { deps, span, findings, now });
      await setLimits(job);
      await takeTurns(job, turns, span);
    } catch (error) {
      problem = problemOf(error);
      // Only the log and the database have the reason: a trace must not contain text of an upstream.
      span.set("failed", true);
    }
    await inChild(deps, span, "cleanup", async () => {
      if (!job) return;
      const { traffic, wantsAuth } = job.upstream;
      job.upstream.close();
      findings.bytes = traffic.characters;
      if (wantsAuth) findings.wantsAuth = true;
      deps.metrics.add("message_received_counts", "upstream", traffic.frames);
      deps.metrics.add("cleanup_counts", "upstream");
    });
    return {
      cursor: cursorAfter(turns, now),
      isUnfinished: problem === undefined && turns.some(({ unfinished }) => unfinished.length > 0),
      pages: job?.pages ?? 0,
      findings,
      ...(problem !== undefined && { problem }),
    };
  });
}

async function openJob(
  url: string,
  { deps, span, findings, now }: { deps: PullDeps; span: Span; findings: Findings; now: number },
): Promise<Job> {
  const begun = deps.milliseconds();
  const upstream = await inChild(deps, span, "connect", () => deps.connect(url));
  findings.latency = deps.milliseconds() - begun;
  deps.metrics.add("relay_connect_counts", "upstream");
  const deadline = now + MOST_SECONDS;
  const share = { pages: MOST_PAGES, time: deadline };
  return {
    url,
    upstream,
    filter: {},
    limit: PAGE,
    most: LARGEST_PAGE,
    share,
    deadline,
    pages: 0,
    findings,
    deps,
  };
}

/** Asks for no more events in one answer than the upstream announces. */
async function setLimits(job: Job): Promise<void> {
  const announced = await job.deps.maxLimit(job.url);
  if (announced === undefined) return;
  job.findings.announcedLimit = announced;
  job.most = Math.min(announced, LARGEST_PAGE);
  job.limit = job.most;
}

/**
 * Pulls filter after filter. A filter that fails does not stop the others, because upstreams refuse some questions and
 * answer others. Throws the first error.
 */
async function takeTurns(job: Job, turns: Turn[], span: Span): Promise<void> {
  const errors: unknown[] = [];
  const end = { pages: MOST_PAGES, time: job.deadline };
  for (const [at, turn] of turns.entries()) {
    const used = { pages: job.pages, time: job.deps.now() };
    if (used.pages >= end.pages || used.time >= end.time) break;
    turn.isTaken = true;
    job.filter = turn.filter;
    job.share = shareOf(used, end, turns.length - at);
    await pullRanges(job, turn.unfinished, span).catch((error: unknown) => errors.push(error));
  }
  if (errors.length > 0) throw errors[0];
}

/** Removes from `unfinished` what is on the queue, step by step, so that the rest remains there if the pull fails. */
async function pullRanges(job: Job, unfinished: Range[], span: Span): Promise<void> {
  while (unfinished[0]) {
    const seen = new Set<string>();
    for (let range: Range | undefined = unfinished[0]; range;) {
      if (job.pages >= job.share.pages || job.deps.now() >= job.share.time) return;
      if (!job.deps.hasRoom()) throw new Error(NO_ROOM);
      range = await inChild(job.deps, span, "handle_message", (child) =>
        pullPage(job, range as Range, seen, child),
      );
      job.pages += 1;
      if (range) unfinished[0] = range;
    }
    unfinished.shift();
  }
}

/** Asks for the newest events of a range and queues them. Returns the rest of the range. */
async function pullPage(job: Job, range: Range, seen: Set<string>, span: Span): Promise<Range | undefined> {
  const page = await ask(job, range, job.limit);
  await hand(job, page, seen, span);
  const times = page.events
    .map(createdAt)
    .filter((time) => time !== undefined && isIn(range, time)) as number[];
  if (isComplete(page) || times.length === 0) return undefined;
  const oldest = times.reduce((least, time) => Math.min(least, time));
  if (oldest !== range.until) return remaining(range, oldest);
  // The whole page is of one second, which may have more events: ask for as many as possible, then go past it.
  const second = await ask(job, { since: oldest, until: oldest }, job.most);
  await hand(job, second, seen, span);
  return remaining(range, oldest - 1);
}

/**
 * Asks for a page, with a smaller and smaller limit while the answer is too large. Does not ask for events that are dated
 * too far ahead to be stored: a later pull gets them, because each pull goes back.
 */
async function ask(job: Job, { since, until }: Range, limit: number): Promise<Answer> {
  const latest = until ?? job.deps.now() + job.deps.farthest;
  for (let most = limit; most >= 1; most = Math.floor(most / 4)) {
    const page = await job.upstream.ask({ ...job.filter, since, until: latest, limit: most });
    job.findings.received += page.events.length;
    const { ending } = page;
    if (ending.how === "eose" || ending.how === "full") return page;
    const isTooLarge = ending.how === "cut" && ending.why === "size";
    if (!isTooLarge) throw new Error(problemWith(ending, job.upstream.notice));
    if (job.deps.now() >= job.deadline) throw new Error("the upstream sends too much data, too slowly");
    job.limit = Math.min(job.limit, Math.max(1, Math.floor(most / 4)));
  }
  throw new Error("the upstream sends too much data even for limit 1");
}

/** Queues the events that are neither stored nor refused yet. */
async function hand(job: Job, page: Answer, seen: Set<string>, span: Span): Promise<void> {
  const { url, deps } = job;
  const fresh = page.events.filter((event) => {
    const id = idOf(event);
    // An event without a valid id cannot be stored.
    if (!isHex64(id) || seen.has(id)) return false;
    seen.add(id);
    return !isOutdated(event, deps);
  });
  span.set("events", page.events.length);
  if (fresh.length === 0) return;
  const ids = fresh.map((event) => idOf(event) as string);
  const known = await deps.known(ids, url);
  const wanted = fresh.filter((event) => !known.has(idOf(event) as string));
  const { traceparent } = span;
  const head = { upstream: url, ...(traceparent !== undefined && { traceparent }) };
  const { bundles, oversized } = bundleEvents(wanted, head, deps.longest);
  if (bundles.length > 0) await deps.enqueue(bundles);
  deps.metrics.add("queue_publish_counts", "upstream", bundles.length);
  job.findings.queued += wanted.length;
  for (const event of oversized) await ingestAlone(job, event, traceparent);
}

/**
 * Ingests an event that fits in no queue message. If it is refused, its dead letter has only its id, for the same
 * reason.
 */
async function ingestAlone(
  { url, deps }: Job,
  event: unknown,
  traceparent: string | undefined,
): Promise<void> {
  const refusal =
    bytesOf(event) > deps.longest
      ? { prefix: "invalid" as const, reason: `the event is longer than ${deps.longest} bytes` }
      : refusalFrom(await deps.ingest(event, traceparent));
  if (!refusal) return;
  deps.metrics.add("events_refused_counts", "queue");
  const letters = deadLetters(url, refusal, { id: idOf(event) });
  if (letters.length === 0) return;
  await deps.deadLetter(letters);
  deps.metrics.add("events_dead_counts", "queue", letters.length);
}

function refusalFrom(outcome: Outcome): Refusal | undefined {
  // The page is asked for again when there is room.
  if (outcome.kind === "no-room") throw new Error(NO_ROOM);
  return refusalOf(outcome);
}

/**
 * Returns a short error text. It may quote the upstream, so control characters are removed: they could steer a
 * terminal.
 */
function problemOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.replaceAll(/\p{C}/gu, "").slice(0, LONGEST_PROBLEM);
}

function inChild<T>(
  { tracer }: PullDeps,
  parent: Span,
  name: string,
  work: (span: Span) => Promise<T>,
): Promise<T> {
  return tracer.span(name, { parent: parent.traceparent }, work);
}

function isComplete({ ending }: Answer): boolean {
  return ending.how === "eose" && ending.isComplete;
}

function isOutdated(event: unknown, deps: PullDeps): boolean {
  const created_at = createdAt(event);
  const { kind } = event as { kind?: unknown };
  return created_at !== undefined && typeof kind === "number" && deps.isOutdated({ kind, created_at });
}

function createdAt(event: unknown): number | undefined {
  const time =
    typeof event === "object" && event !== null && "created_at" in event ? event.created_at : undefined;
  return Number.isSafeInteger(time) ? (time as number) : undefined;
}

function isIn({ since, until }: Range, time: number): boolean {
  return time >= since && (until === undefined || time <= until);
}
