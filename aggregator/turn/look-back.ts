/**
 * Looks further back for gift wraps than for other events, because they are dated back by up to two days (NIP-59): one that arrives
 * now is older than what a pull asks for. Not needed for upstreams that speak NIP-77.
 */
import { GIFT_WRAP } from "../../nostr/kinds.ts";
import type { Job } from "./job.ts";
import { pullRanges } from "./pages.ts";
import type { Turn } from "./turns.ts";

/** Seconds between two looks. What one does not finish, the daily look at everything finds. */
const INTERVAL = 3600;
const DEPTH = 2 * 86_400 + INTERVAL;

/** Asks for the gift wraps of two days, once an hour, after a turn that has left nothing. */
export async function lookBack(job: Job, turn: Turn): Promise<void> {
  const { cursor, filter, unfinished } = turn;
  const now = job.deps.now();
  const isAsked = filter.kinds === undefined || filter.kinds.includes(GIFT_WRAP);
  const isDue = now - (cursor.lookedBackAt ?? cursor.sweptAt ?? now) >= INTERVAL;
  if (!isAsked || !isDue || job.speaksNegentropy || unfinished.length > 0) return;
  turn.cursor = { ...cursor, lookedBackAt: now };
  const own = job.turn;
  // What is lost of other kinds stays lost.
  job.turn = { ...own, filter: { ...filter, kinds: [GIFT_WRAP] }, lost: [] };
  try {
    await pullRanges(job, [{ since: now - DEPTH, until: now }]);
  } finally {
    job.turn = own;
  }
}
