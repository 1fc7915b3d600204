/** What rises and falls, for `/metrics`: dead letters, what waits in the queues, and the relay's test of itself. */
import type { ReadName } from "../../telemetry/metrics.ts";
import type { Database } from "../database/database.ts";

/** What waits in the queues. */
export interface Backlog {
  messages: number;
  /** When the oldest message was put there, in Unix seconds. Undefined if there is none, or if the queue does not tell. */
  oldest: number | undefined;
}

/** After so many seconds without news of a queue, nothing is said about it. Cron looks once a minute. */
const FRESH_SECONDS = 300;
/** PROBE_INTERVAL is at most a day. */
const FRESH_PROBE_SECONDS = 2 * 86_400;

const SAVE = `
INSERT INTO backlog (id, messages, oldest, at) VALUES (1, ?1, ?2, ?3)
ON CONFLICT DO UPDATE SET messages = excluded.messages, oldest = excluded.oldest, at = excluded.at`;
const READ = `
SELECT letters, dropped, messages, oldest, backlog.at AS at, probe.at AS probedAt, milliseconds
FROM dead_letter_total LEFT JOIN backlog ON backlog.id = 1 LEFT JOIN probe ON probe.id = 1`;

interface Row {
  letters: number;
  dropped: number;
  messages: number | null;
  oldest: number | null;
  at: number | null;
  probedAt: number | null;
  milliseconds: number | null;
}

/** `now` is in Unix seconds. */
export async function saveBacklog(db: Database, { messages, oldest }: Backlog, now: number): Promise<void> {
  await db.batch([db.prepare(SAVE).bind(messages, oldest ?? null, now)], { mayRepeat: true });
}

/** Reads three rows. Leaves out what is not known. `now` is in Unix seconds. */
export async function readGauges(db: Database, now: number): Promise<Partial<Record<ReadName, number>>> {
  const [row] = (await db.prepare(READ).all<Row>()).results;
  if (!row) return {};
  const { letters, dropped, messages, oldest, at, probedAt, milliseconds } = row;
  const isProbeFresh = milliseconds !== null && probedAt !== null && probedAt > now - FRESH_PROBE_SECONDS;
  const isFresh = messages !== null && at !== null && at > now - FRESH_SECONDS;
  return {
    dead_letters: letters,
    dead_letters_dropped_total: dropped,
    ...(isFresh && { queue_messages: messages, queue_oldest_seconds: oldest === null ? 0 : now - oldest }),
    ...(isProbeFresh && { probe_seconds: milliseconds / 1000 }),
  };
}
