/**
 * Looks at some events of one of the last days, if an upstream cannot be compared: are they here? So operators know how much of
 * what it holds is here, and those that are missing are queued.
 */
import { idOf, isHex64 } from "../../nostr/event.ts";
import { countedFrom, DAY, type Sample } from "../../store/database/slices.ts";
import { inquire, keepBounds } from "./inquiry.ts";
import type { Job } from "./job.ts";
import { isBroken } from "../conversation/refusal.ts";
import type { Turn } from "./turns.ts";

/** Seconds between two samples of a filter. Each is of another day, so a round takes 30 hours. */
const SAMPLED_EACH = 3600;
const SAMPLE_SIZE = 50;

/** Takes a sample if it is time to, and if everything has been pulled. */
export async function sampleTurn(job: Job, turn: Turn): Promise<void> {
  const { cursor, unfinished, floor } = turn;
  const now = job.deps.now();
  const samples = (cursor.samples ?? []).filter(({ since }) => since >= countedFrom(now));
  // Soon after the last days were asked for, what came is still on its way through the queue.
  const times = [cursor.sweptAt ?? now, ...samples.map(({ at }) => at)];
  if (unfinished.length > 0 || times.some((at) => now - at < SAMPLED_EACH)) return;
  const since = dayToSample(samples, floor, now);
  if (since === undefined) return;
  // The time of the day changes from sample to sample. Of today it is now.
  const until = since + (now % DAY);
  const { answer, page } = await inquire(job, { since, until, limit: SAMPLE_SIZE }, new Set());
  if (isBroken(answer.ending)) return;
  const ids = [...new Set(page.wanted.map(idOf).filter(isHex64))];
  const { stored } = await job.deps.unneeded(ids, job.url);
  const counted = await countDay(job, turn, since);
  const sample = {
    since,
    at: now,
    held: ids.length,
    here: ids.filter((id) => stored.has(id)).length,
    ...(counted !== undefined && { counted }),
  };
  const others = samples.filter((one) => one.since !== since);
  turn.cursor = { ...cursor, samples: [...others, sample].sort((a, b) => a.since - b.since) };
}

/** Returns how many events the upstream says that it holds of a day; undefined if it does not tell. */
async function countDay(job: Job, { filter }: Turn, since: number): Promise<number | undefined> {
  if (!job.counts) return undefined;
  await keepBounds(job);
  job.asked += 1;
  return job.upstream.count({ ...filter, since, until: since + DAY - 1 });
}

/** Returns the day whose sample is the oldest, or the newest day without one, from its start. */
function dayToSample(samples: Sample[], floor: number, now: number): number | undefined {
  const from = Math.max(countedFrom(now), Math.ceil(floor / DAY) * DAY);
  const sampledAt = new Map(samples.map(({ since, at }) => [since, at]));
  let day: number | undefined;
  for (let start = now - (now % DAY); start >= from; start -= DAY) {
    if (day === undefined || (sampledAt.get(start) ?? 0) < (sampledAt.get(day) ?? 0)) day = start;
  }
  return day;
}
