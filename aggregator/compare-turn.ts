/**
 * Lets a turn compare before it pages, if the upstream speaks NIP-77: afterwards only what could not be compared is left to
 * the pages.
 */
import { printable } from "../nostr/characters.ts";
import type { FilterCursor, Range } from "../store/upstream-cursor.ts";
import type { Slices } from "../store/slices.ts";
import { IdFetcher } from "./fetch-ids.ts";
import { keepBounds } from "./inquiry.ts";
import type { Job } from "./job.ts";
import { gapsOf, reconcileUpstream, type ReconcileResult } from "./reconcile.ts";
import type { Turn } from "./turns.ts";
import type { Sync } from "./upstream.ts";

/** After a failure that would come again, the upstream is paged for so long, in seconds. */
const REFUSAL_LASTS = 86_400;

/** Returns whether it could be compared. Throws what ended the turn, after the turn has kept what is finished. */
export async function compareTurn(job: Job, turn: Turn): Promise<boolean> {
  const { deps, findings } = job;
  const now = deps.now();
  if (!job.speaksNegentropy || isRefused(turn.cursor, now)) return false;
  const { cursor, floor } = turn;
  const fetcher = new IdFetcher(job);
  const result = await reconcileUpstream(
    { slices: cursor.slices, floor, end: now + deps.farthest + 1, doubted: cursor.pending },
    {
      sync: (range) => withinBounds(job, job.upstream.sync({ ...turn.filter, ...range })),
      take: (ids) => fetcher.take(ids),
      isOver: () => job.asked >= job.turn.share.pages || deps.now() >= job.turn.share.time,
      now: deps.now,
    },
  );
  const { failure, error } = result;
  findings.speaksNegentropy = !failure?.isLasting;
  if (failure?.isLasting) job.speaksNegentropy = false;
  turn.cursor = { ...cursor, slices: withRefusal(result, now) };
  if (!failure) turn.unfinished = leftBy(result, turn, now);
  if (error !== undefined) throw error;
  return !failure;
}

/** Each message of a reconciliation counts as a question. */
function withinBounds(job: Job, sync: Sync): Sync {
  return {
    async send(message, within) {
      await keepBounds(job);
      job.asked += 1;
      const parent = job.span.traceparent;
      const answer = await job.deps.tracer.span("handle_message", { parent }, () =>
        sync.send(message, within),
      );
      if (answer.ending.how === "message") job.pages += 1;
      return answer;
    },
    close: () => sync.close(),
  };
}

function isRefused({ slices }: FilterCursor, now: number): boolean {
  return slices?.refused !== undefined && now - slices.refused.at < REFUSAL_LASTS;
}

function withRefusal({ slices, failure }: ReconcileResult, now: number): Slices {
  const { refused: _, ...rest } = slices;
  if (!failure?.isLasting) return rest;
  return { ...rest, refused: { at: now, reason: printable(failure.reason) } };
}

/** Returns what is left for the pages, and for the next pull. */
function leftBy(
  { slices, isDone }: ReconcileResult,
  { cursor, floor, unfinished }: Turn,
  now: number,
): Range[] {
  const gaps = gapsOf(slices, now + 1);
  // The newest events come first. If they have not come, the next pull begins where this one did.
  if (gaps[0]?.until === now) return unfinished;
  return [...gaps, ...(isDone ? cursor.pending.filter(({ since }) => since < floor) : cursor.pending)];
}
