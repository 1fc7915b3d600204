/**
 * Lets a turn compare before it pages, if the upstream speaks NIP-77: afterwards only what could not be compared is left to
 * the pages.
 */
import { printable } from "../../nostr/characters.ts";
import type { FilterCursor, Range } from "../../store/upstreams/upstream-cursor.ts";
import type { Slices } from "../../store/database/slices.ts";
import { IdFetcher } from "./fetch-ids.ts";
import { keepBounds, patience, Stop } from "../turn/inquiry.ts";
import type { Job } from "../turn/job.ts";
import { gapsOf, reconcileUpstream, type ReconcileResult } from "./reconcile.ts";
import { underRules } from "./slices.ts";
import type { Turn } from "../turn/turns.ts";
import type { Sync } from "../conversation/upstream.ts";
import { ofUpstream } from "../conversation/upstream-span.ts";

/** After a failure that would come again, the upstream is paged for so long, in seconds. */
const REFUSAL_LASTS = 86_400;
/** So many pulls in a row may compare nothing to its end. */
const MOST_VAIN = 3;
const TOO_LONG = "it takes longer than a pull";

/** Returns whether it could be compared. Throws what ended the turn, after the turn has kept what is finished. */
export async function compareTurn(job: Job, turn: Turn): Promise<boolean> {
  const { deps, findings } = job;
  const now = deps.now();
  // If its document cannot be read just now, it still speaks what it spoke before.
  const speaks = job.speaksNegentropy ?? turn.cursor.slices?.at !== undefined;
  if (!speaks || isRefused(turn.cursor, now)) return false;
  const { cursor, floor } = turn;
  const fetcher = new IdFetcher(job);
  const known = cursor.slices && underRules(cursor.slices, job.rules, now);
  const result = await reconcileUpstream(
    { slices: known, floor, end: now + deps.farthest + 1, doubted: cursor.pending },
    {
      sync: (range) => withinBounds(job, job.upstream.sync({ ...turn.filter, ...range })),
      take: (ids) => fetcher.take(ids),
      isOver: () => job.asked >= job.turn.share.pages || deps.now() >= job.turn.share.time,
      now: deps.now,
    },
  );
  const { slices, error } = result;
  const vain = isVain(result) ? (cursor.slices?.vain ?? 0) + 1 : 0;
  const failure = failureOf(result, vain);
  findings.speaksNegentropy = !failure?.isLasting;
  if (failure?.isLasting) job.speaksNegentropy = false;
  const { refused: _refused, vain: _vain, ...others } = slices;
  const refused = failure?.isLasting && { at: now, reason: printable(failure.reason) };
  const state = { ...others, rules: job.rules, ...(refused ? { refused } : vain > 0 && { vain }) };
  turn.cursor = { ...cursor, slices: state };
  if (!failure || !wasLeftToPages(cursor, slices.floor))
    turn.unfinished = leftBy(slices, turn, { now, isPaged: failure !== undefined });
  if (error !== undefined && !failure) throw error;
  return !failure;
}

/** Whether nothing is remembered because the comparison before this one failed: then the pages got everything, down to `floor`. */
export function wasLeftToPages({ slices }: FilterCursor, floor: number): boolean {
  return slices?.refused !== undefined && slices.slices.length === 0 && slices.floor <= floor;
}

/** Whether the upstream, or the bound of the turn, has ended a comparison before anything was finished. */
function isVain({ isDone, hasFinished, error }: ReconcileResult): boolean {
  if (isDone || hasFinished) return false;
  return error === undefined || (error instanceof Stop && error.pause === undefined);
}

/** Returns why the pages take over. An upstream may refuse to send events by their ids, or end the connection each time. */
function failureOf({ failure, error }: ReconcileResult, vain: number): ReconcileResult["failure"] {
  const stop = error instanceof Stop ? error : undefined;
  const reason = failure?.reason ?? stop?.problem ?? TOO_LONG;
  const isRefused = stop?.isRefusal === true && stop.pause === undefined;
  return isRefused || vain >= MOST_VAIN ? { reason, isLasting: true } : failure;
}

/** Each message of a reconciliation counts as a question. */
function withinBounds(job: Job, sync: Sync): Sync {
  return {
    async send(message) {
      await keepBounds(job);
      job.asked += 1;
      const parent = job.span.traceparent;
      const about = { parent, ...ofUpstream(job.url) };
      const answer = await job.deps.tracer.span("handle_message", about, () =>
        sync.send(message, patience(job)),
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

/** Returns what is left for the pages, and for the next pull. `isPaged`: the pages are to get what is new. */
function leftBy(
  slices: Slices,
  { cursor, unfinished }: Turn,
  { now, isPaged }: { now: number; isPaged: boolean },
): Range[] {
  const { floor } = slices;
  const below = cursor.pending
    .filter(({ since }) => since < floor)
    .map(({ since, until = floor }) => ({ since, until: Math.min(until, floor - 1) }));
  const gaps = gapsOf(slices, now + 1);
  // The newest events come first. If they have not come, the next pull begins where this one did.
  const [open] = isPaged || gaps[0]?.until === now ? unfinished : [];
  if (!open) return [...gaps, ...below];
  const older = gaps
    .filter(({ since }) => since < open.since)
    .map(({ since, until }) => ({ since, until: Math.min(until, open.since - 1) }));
  return [open, ...older, ...below];
}
