/**
 * Lets reads share trips to the database. A trip to D1 costs a round trip, and about a millisecond of CPU time locally, no
 * matter how many statements it has.
 *
 * Reads that come in the same turn, or while two batches are under way, share the next one. Nothing joins a batch that
 * has been sent: it may miss what was stored since. So a read sees every write that was acknowledged before it began. Writes
 * are passed on at once, as they are.
 */
import { leadOf } from "../../telemetry/traceparent.ts";
import { type Moment, NO_MOMENT } from "../../telemetry/tracing.ts";
import { AnswerSizes } from "./answer-sizes.ts";
import { areReads, type BatchOptions, type Database, type SqlResult } from "./database.ts";
import { isTransient } from "./retrying-database.ts";
import { type Prepared, wrapDatabase } from "./wrapped-database.ts";

/**
 * Maximum number of batches under way. With one, a read that comes alone would often wait for half of another's round trip, and
 * all would wait for a call that is lost in the network.
 */
const MOST_UNDER_WAY = 2;

/**
 * Maximum number of statements of a shared batch. A single read may have more. An invocation on the Free plan may make 50
 * queries. https://developers.cloudflare.com/d1/platform/limits/
 */
export const MOST_STATEMENTS = 40;
/** Maximum bytes that a shared batch probably answers. A single read may answer more: about as much as one step of a read. */
export const MOST_BYTES = 2_000_000;

/** Reads that wait for a batch. */
interface Call {
  statements: Prepared[];
  options: BatchOptions;
  /** When it was asked. Its batch belongs to the trace of one of its calls. */
  moment: Moment;
  /** Runs the statements without others. */
  run(): Promise<SqlResult<unknown>[]>;
  resolve(results: SqlResult<unknown>[]): void;
  reject(error: unknown): void;
}

interface Sharing {
  /**
   * Runs after each batch: what is asked meanwhile goes into the next one. (workerd reads its sockets only when it has nothing else to
   * do, and locally the database is in the same process.)
   */
  breathe?(): Promise<void>;
  /** Returns the current moment of the trace. */
  capture?(): Moment;
}

export function shareBatches(
  db: Database,
  { breathe = async () => undefined, capture = () => NO_MOMENT }: Sharing = {},
): Database {
  const batches = new SharedBatches(db, { breathe, capture });
  return wrapDatabase(db, (statements, run, options) =>
    areReads(statements) ? batches.read(statements, run, options) : run(),
  );
}

class SharedBatches {
  private readonly db: Database;
  private readonly sharing: Required<Sharing>;
  private readonly waiting: Call[] = [];
  private readonly sizes = new AnswerSizes();
  private underWay = 0;

  constructor(db: Database, sharing: Required<Sharing>) {
    this.db = db;
    this.sharing = sharing;
  }

  read(statements: Prepared[], run: Call["run"], options: BatchOptions): Promise<SqlResult<unknown>[]> {
    return new Promise((resolve, reject) => {
      const moment = this.sharing.capture();
      this.waiting.push({ statements, options, moment, run, resolve, reject });
      if (this.underWay < MOST_UNDER_WAY) void this.send();
    });
  }

  /** Sends what waits, one batch after the other. Never rejects. */
  private async send(): Promise<void> {
    this.underWay += 1;
    // Whatever is asked in the same turn goes along.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const calls = this.take();
      await (calls.length > 1 ? this.runTogether(calls) : this.runEach(calls));
      await this.sharing.breathe();
    }
    this.underWay -= 1;
  }

  /** Takes the calls of the next batch, in the order in which they came. */
  private take(): Call[] {
    let statements = 0;
    let bytes = 0;
    const end = this.waiting.findIndex((call, at) => {
      statements += call.statements.length;
      bytes += call.statements.reduce((sum, { sql }) => sum + this.sizes.expected(sql), 0);
      return at > 0 && (statements > MOST_STATEMENTS || bytes > MOST_BYTES);
    });
    return this.waiting.splice(0, end < 0 ? this.waiting.length : end);
  }

  private async runTogether(calls: Call[]): Promise<void> {
    const { statements, places } = different(calls.flatMap((call) => call.statements));
    const fromReplica = calls.some(({ options }) => options.fromReplica === true);
    let results: SqlResult<unknown>[];
    try {
      const inner = statements.map((statement) => statement.inner);
      const { run } = leadingMoment(calls);
      results = await run(() => this.db.batch(inner, fromReplica ? { fromReplica } : {}));
    } catch (error) {
      // After a transient error it was tried as often as each call alone would have been.
      if (isTransient(error)) for (const { reject } of calls) reject(error);
      else await this.runEach(calls);
      return;
    }
    this.learn(statements, results);
    const answers = ownAnswers(results, places);
    for (const { statements, resolve } of calls) resolve(answers.splice(0, statements.length));
  }

  private async runEach(calls: Call[]): Promise<void> {
    await Promise.all(
      calls.map(async ({ statements, moment, run, resolve, reject }) => {
        try {
          const results = await moment.run(run);
          this.learn(statements, results);
          resolve(results);
        } catch (error) {
          reject(error);
        }
      }),
    );
  }

  private learn(statements: Prepared[], results: SqlResult<unknown>[]): void {
    for (const [at, { sql }] of statements.entries()) this.sizes.learn(sql, results[at]?.results ?? []);
  }
}

/** Returns the moment whose trace a batch belongs to. */
function leadingMoment(calls: readonly Pick<Call, "moment">[]): Moment {
  return leadOf(calls, ({ moment }) => moment.isSampled)?.moment ?? NO_MOMENT;
}

/** Returns each statement once, and for each of the given ones the place of its answer. */
function different(all: Prepared[]): { statements: Prepared[]; places: number[] } {
  const statements: Prepared[] = [];
  const known = new Map<string, number>();
  const places = all.map((statement) => {
    const key = JSON.stringify([statement.sql, ...statement.values]);
    const place = known.get(key) ?? statements.push(statement) - 1;
    known.set(key, place);
    return place;
  });
  return { statements, places };
}

/** Returns the result of each place. If a place comes again, it gets rows of its own. */
function ownAnswers(results: SqlResult<unknown>[], places: number[]): SqlResult<unknown>[] {
  const taken = new Set<number>();
  return places.map((place) => {
    const result = results[place] as SqlResult<unknown>;
    if (!taken.has(place)) {
      taken.add(place);
      return result;
    }
    return { results: result.results.map((row) => ({ ...(row as object) })), meta: result.meta };
  });
}
