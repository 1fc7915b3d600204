/** One pull of one upstream: newest first, page by page, onto the queue, in bounded work. The cursor moves last. */
import { isHex64 } from "../nostr/event.ts";
import { type Outcome, refusalOf } from "../relay/ingest.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Span, Tracer } from "../telemetry/tracing.ts";
import { type Bundle, bundleEvents, bytesOf } from "./bundle.ts";
import { type DeadLetter, deadLetters } from "./consume.ts";
import { advance, type Cursor, type Range, rangesToPull, remaining } from "./cursor.ts";
import type { Page, Upstream } from "./upstream.ts";

export interface PullDeps {
  connect(url: string): Promise<Upstream>;
  /** How many events the upstream gives at once; undefined when it does not tell. */
  maxLimit(url: string): Promise<number | undefined>;
  /** Those of these ids that are stored. */
  known(ids: string[]): Promise<Set<string>>;
  enqueue(bundles: Bundle[]): Promise<void>;
  /** For an event that fits in no queue message: straight to the one door. */
  persist(event: unknown, traceparent: string | undefined): Promise<Outcome>;
  bury(letters: DeadLetter[]): Promise<void>;
  /** Of an event that may be stored, in bytes. */
  longest: number;
  /** How far in the future it may be dated, in seconds. */
  farthest: number;
  /** Unix seconds. */
  now(): number;
  metrics: Metrics;
  tracer: Tracer;
}

export interface PullResult {
  cursor: Cursor;
  /** Something is left to do, and was not for want of an answer: go on soon. */
  isUnfinished: boolean;
  /** Pages that came; a failure after some is no failure of the whole. */
  pages: number;
  /** What went wrong. */
  problem?: string;
}

/** One job ends after this much, so that no upstream holds up the others. */
const MOST_PAGES = 100;
const MOST_SECONDS = 60;
const PAGE = 500;
const LARGEST_PAGE = 5000;
const LONGEST_PROBLEM = 300;

interface Job {
  url: string;
  upstream: Upstream;
  limit: number;
  /** No question may ask for more. */
  most: number;
  deadline: number;
  pages: number;
  deps: PullDeps;
}

export function pull(url: string, cursor: Cursor, deps: PullDeps): Promise<PullResult> {
  return deps.tracer.span("pull", { attributes: { upstream: url } }, async (span) => {
    const now = deps.now();
    const unfinished = rangesToPull(cursor, now);
    const job = { url, limit: PAGE, most: LARGEST_PAGE, deadline: now + MOST_SECONDS, pages: 0, deps };
    let upstream: Upstream | undefined;
    let problem: string | undefined;
    try {
      const connected = await inChild(deps, span, "connect", () => deps.connect(url));
      upstream = connected;
      deps.metrics.add("relay_connect_counts", "upstream");
      const announced = await deps.maxLimit(url);
      job.most = Math.min(announced ?? LARGEST_PAGE, LARGEST_PAGE);
      job.limit = announced === undefined ? PAGE : job.most;
      await pullRanges({ ...job, upstream: connected }, unfinished, span, (pages) => (job.pages = pages));
    } catch (error) {
      problem = problemOf(error);
      span.set("problem", problem);
    }
    await inChild(deps, span, "cleanup", async () => {
      upstream?.close();
      if (upstream) deps.metrics.add("cleanup_counts", "upstream");
    });
    return {
      cursor: advance(cursor, now, unfinished),
      isUnfinished: problem === undefined && unfinished.length > 0,
      pages: job.pages,
      ...(problem !== undefined && { problem }),
    };
  });
}

/** Takes from `unfinished` what has been put on the queue, as it goes: whatever happens, the rest stays there. */
async function pullRanges(
  job: Job,
  unfinished: Range[],
  span: Span,
  count: (pages: number) => void,
): Promise<void> {
  while (unfinished[0]) {
    const seen = new Set<string>();
    for (let range: Range | undefined = unfinished[0]; range;) {
      if (job.pages >= MOST_PAGES || job.deps.now() >= job.deadline) return;
      range = await inChild(job.deps, span, "handle_message", (child) =>
        pullPage(job, range as Range, seen, child),
      );
      job.pages += 1;
      count(job.pages);
      if (range) unfinished[0] = range;
    }
    unfinished.shift();
  }
}

/** Asks for the newest events of a range; what is left of the range when they are on the queue. */
async function pullPage(job: Job, range: Range, seen: Set<string>, span: Span): Promise<Range | undefined> {
  const page = await ask(job, range, job.limit);
  await hand(job, page, seen, span);
  const times = page.events
    .map(createdAt)
    .filter((time) => time !== undefined && isIn(range, time)) as number[];
  if (page.isComplete || times.length === 0) return undefined;
  const oldest = times.reduce((least, time) => Math.min(least, time));
  if (oldest !== range.until) return remaining(range, oldest);
  // The whole page is of one second, and may not be all of it: ask for more at once, then step past it.
  const second = await ask(job, { since: oldest, until: oldest }, job.most);
  await hand(job, second, seen, span);
  return remaining(range, oldest - 1);
}

/**
 * For less and less, as long as the answer is too large to be taken. What is dated too far ahead to be stored comes in its
 * time: each pull looks back.
 */
async function ask(job: Job, { since, until }: Range, limit: number): Promise<Page> {
  const latest = until ?? job.deps.now() + job.deps.farthest;
  for (let most = limit; most >= 1; most = Math.floor(most / 4)) {
    const page = await job.upstream.ask({ since, until: latest, limit: most });
    job.deps.metrics.add("message_received_counts", "upstream", page.frames);
    if (!page.isTooLarge) return page;
    if (job.deps.now() >= job.deadline) throw new Error("the upstream sends too much, and too slowly");
    job.limit = Math.min(job.limit, Math.max(1, Math.floor(most / 4)));
  }
  throw new Error("the upstream sends too much, however little it is asked for");
}

/** Puts on the queue what is new here. */
async function hand(job: Job, page: Page, seen: Set<string>, span: Span): Promise<void> {
  const { url, deps } = job;
  const fresh = page.events.filter((event) => {
    const id = idOf(event);
    if (id === undefined || seen.has(id)) return false;
    seen.add(id);
    return true;
  });
  span.set("events", page.events.length);
  if (fresh.length === 0) return;
  const known = await deps.known(fresh.map((event) => idOf(event) as string));
  const wanted = fresh.filter((event) => !known.has(idOf(event) as string));
  const { traceparent } = span;
  const head = { upstream: url, ...(traceparent !== undefined && { traceparent }) };
  const { bundles, oversized } = bundleEvents(wanted, head, deps.longest);
  if (bundles.length > 0) await deps.enqueue(bundles);
  deps.metrics.add("queue_publish_counts", "upstream", bundles.length);
  for (const event of oversized) await persistAlone(job, event, traceparent);
}

/** What becomes a dead letter fits in none as a whole: its id has to do. */
async function persistAlone(
  { url, deps }: Job,
  event: unknown,
  traceparent: string | undefined,
): Promise<void> {
  const refusal =
    bytesOf(event) > deps.longest
      ? { prefix: "invalid" as const, reason: `the event is longer than ${deps.longest} bytes` }
      : refusalOf(await deps.persist(event, traceparent));
  if (!refusal) return;
  deps.metrics.add("events_refused_counts", "queue");
  const letters = deadLetters(url, refusal, { id: idOf(event) });
  if (letters.length === 0) return;
  await deps.bury(letters);
  deps.metrics.add("events_dead_counts", "queue", letters.length);
}

/** For the operator's eyes: short, and without what would move the cursor of a terminal, as it holds the upstream's words. */
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

/** What has no id cannot be told from others, and is dropped: it could not be stored either. */
function idOf(event: unknown): string | undefined {
  const id = typeof event === "object" && event !== null && "id" in event ? event.id : undefined;
  return isHex64(id) ? id : undefined;
}

function createdAt(event: unknown): number | undefined {
  const time =
    typeof event === "object" && event !== null && "created_at" in event ? event.created_at : undefined;
  return Number.isSafeInteger(time) ? (time as number) : undefined;
}

function isIn({ since, until }: Range, time: number): boolean {
  return time >= since && (until === undefined || time <= until);
}
