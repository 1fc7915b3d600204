/**
 * Tries again what D1 has failed to do for a moment. D1 does so itself for single reads, twice at most.
 * https://developers.cloudflare.com/d1/best-practices/retry-queries/
 */
import { areReads, type BatchOptions, type Database, type SqlResult } from "./database.ts";
import { wrapDatabase } from "./wrapped-database.ts";

export interface RetryOptions {
  /** Returns a number from 0 to 1. */
  random(): number;
  /** Unix seconds. */
  now(): number;
  /** Waits some milliseconds. */
  pause(milliseconds: number): Promise<void>;
  /** Called before each new attempt. */
  retried(): void;
}

/**
 * Errors after which Cloudflare says "Retry the operation". Not the ones of a query that takes too long or too much memory:
 * they would come again. "internal error" also comes with nothing but a reference for Cloudflare's support.
 * https://developers.cloudflare.com/d1/observability/debug-d1/#error-list
 */
const TRANSIENT =
  /network connection lost|reset because its code was updated|storage caused object to be reset|due to transient issue|client disconnected|internal error/i;
/** Here the advice is to spread the load over time. So the pauses are long, and the place of a read or commit stays taken. */
const OVERLOADED = /D1 DB is overloaded/i;

/** Milliseconds before each new attempt, at most. Half of each is random, so that many do not come back at once. */
const PAUSES = [100, 400, 1600];
const PAUSES_WHEN_OVERLOADED = [1000, 4000];
/**
 * No attempt starts later than this after the first one, as for calls of Durable Objects.
 * https://developers.cloudflare.com/durable-objects/best-practices/automatic-retries/
 */
const LONGEST_SECONDS = 10;

/**
 * Wraps a database: reads, and batches that may repeat, are tried again after a transient error. Other writes are not, because
 * the database may have carried them out before the connection was lost.
 */
export function retryingDatabase(db: Database, options: RetryOptions): Database {
  return wrapDatabase(db, async (statements, run, { mayRepeat = false }: BatchOptions) => {
    const isRepeatable = mayRepeat || areReads(statements);
    const begun = options.now();
    for (let attempt = 1; ; attempt += 1) {
      try {
        const results = await run();
        return attempt === 1 ? results : results.map((result) => withAttempts(result, attempt));
      } catch (error) {
        const longest = isRepeatable ? pauseAfter(error, attempt) : undefined;
        if (longest === undefined) throw error;
        const pause = longest * (0.5 + options.random() / 2);
        if (options.now() + pause / 1000 > begun + LONGEST_SECONDS) throw error;
        await options.pause(pause);
        options.retried();
      }
    }
  });
}

/** Returns whether D1 failed for a moment. Then the statements are not to blame. */
export function isTransient(error: unknown): boolean {
  const text = String(error);
  return OVERLOADED.test(text) || TRANSIENT.test(text);
}

/** Returns undefined if there should be no further attempt. */
function pauseAfter(error: unknown, attempt: number): number | undefined {
  if (!isTransient(error)) return undefined;
  const pauses = OVERLOADED.test(String(error)) ? PAUSES_WHEN_OVERLOADED : PAUSES;
  return pauses[attempt - 1];
}

function withAttempts<Row>({ results, meta }: SqlResult<Row>, attempts: number): SqlResult<Row> {
  return { results, meta: { ...meta, total_attempts: attempts } };
}
