/**
 * The common path of every read of stored events: REQ, COUNT, NEG-OPEN and HTTP. It checks bounds and who may read. Then each
 * step takes its turn in the fair queue, checks the rate limit, does its work and is charged.
 */
import type { Refusal } from "../nostr/message.ts";
import { type Filter, valuesIn } from "../nostr/filter.ts";
import { needsKeys } from "../nostr/visibility.ts";
import type { StoredEvent } from "../store/store.ts";
import {
  LEAST_OF_STEP,
  ROWS_FOR_ENTRY,
  STEP_ENTRIES,
  type StepCost,
  weightOf,
  type Work,
} from "../store/work.ts";
import type { Config } from "./config.ts";
import type { Client } from "./limits/client.ts";
import { AnswerPace } from "./limits/answer-pace.ts";
import { boundedLimit } from "./query.ts";
import { expectedCost, QUERY_COST, sendingCost } from "./limits/cost.ts";
import type { RateLimiter } from "./limits/rate-limiter.ts";
import type { FairQueue } from "./limits/fair-queue.ts";

/** Maximum number of rows that one read looks at. Then it is answered with what was found. */
export const MOST_LOOKED = 100_000;

/** With fewer rows left a read ends: the steps would become smaller and smaller. */
const LEAST_OF_READ = ROWS_FOR_ENTRY * LEAST_OF_STEP;

/**
 * Bounds of the reads that run at once. They share trips to the database (store/database/shared-batches.ts). It answers in order, so only
 * short reads run beside a long one: 32 small ones, eight of 500 events each, or one of 4,000 and a short one. A trip takes about
 * two milliseconds, even if the database looks at nothing.
 */
export const READS_AT_ONCE = {
  most: 32,
  mostOfClient: 16,
  mostCost: 5000,
  mostCostOfClient: 2500,
  turnCost: 1200,
};

/** What a count is expected to cost. Most are of the replies or reactions to one event, or come from a counter. */
export const COUNT_COST = 500;

/** After cheap steps a read goes on in the same turn. Many reads find the rest in their second or third step. */
export const CHEAP_STEPS = { cost: 500, most: 3 };

/** A step may be at most this many times as large as the one before it. */
const STEP_GROWTH = 4;

/** A step after the first is expected to cost at least this: eight of them run at once, because each may hold large events. */
export const LEAST_OF_LATER_STEP = 525;

/** The client that reads. */
export interface Reader extends Client {
  keys: ReadonlySet<string>;
  /** Reads of the same client share one queue. */
  client: unknown;
  /** Returns a refusal; undefined if this client may read. It may ask the database. */
  refuseRead(): Promise<Refusal | undefined>;
  /**
   * Whether `refuseRead` will probably find nothing. Then the first step is read at the same time, in the same round trip, and
   * discarded if it does.
   */
  mayProbablyRead: boolean;
}

export interface Reading<T> {
  reader: Reader;
  filters: Filter[];
  work(): Work<T>;
  /** What the answer is for. `Reads.drop` ends everything that waits for it. */
  owner: unknown;
  /** Whether the work sends events. Then it keeps to the pace of its client. */
  sends?: boolean;
  /** False if nothing needs the answer any more. */
  isWanted?(): boolean;
  /** Maximum number of rows, for a read that needs all matches. The default, 100,000, is for a read with limits. */
  mostLooked?: number;
  /**
   * The expected cost of its first step. By default it follows from the limits of its filters, and a read that needs all matches
   * takes a whole step.
   */
  firstCost?: number;
}

export type ReadOutcome<T> =
  | { kind: "done"; value: T }
  /** Ended early, with the result so far. */
  | { kind: "stopped"; value: T; refusal: Refusal }
  | { kind: "refused"; refusal: Refusal }
  | { kind: "dropped" };

interface ReadsDeps {
  config: Pick<Config, "MAX_FILTERS" | "MAX_FILTER_VALUES" | "DEFAULT_LIMIT" | "MAX_LIMIT">;
  limiter: Pick<RateLimiter, "charge" | "limit">;
  queue: FairQueue;
  /** Unix seconds. */
  now(): number;
  /** Resolves after some milliseconds. */
  pause(milliseconds: number): Promise<void>;
  /** Milliseconds. A read that would have to wait longer for its pace is refused. Absent: it waits. */
  longestPause?: number;
}

export class Reads {
  private readonly deps: ReadsDeps;
  private readonly pace = new AnswerPace();

  constructor(deps: ReadsDeps) {
    this.deps = deps;
  }

  /** Runs a read. Rejects if the store fails. */
  async run<T>(reading: Reading<T>): Promise<ReadOutcome<T>> {
    const { reader, filters, mostLooked, firstCost, isWanted = () => true, owner } = reading;
    const { config, queue, pause, longestPause = Infinity } = this.deps;
    const refusal =
      boundsRefusal(filters, reader.keys, config) ??
      (reader.mayProbablyRead ? undefined : await reader.refuseRead());
    if (refusal) return { kind: "refused", refusal };
    // The client may also have asked again before its turn came.
    this.count(reader, QUERY_COST * filters.length);
    const work = reading.work();
    // The cost that is known in advance: every event that was asked for may be found.
    const limits = filters.map(({ limit }) => boundedLimit(limit, config));
    const most = mostLooked === undefined ? expectedCost(limits) : STEP_ENTRIES;
    let expected = firstCost ?? Math.min(most, STEP_ENTRIES);
    let paused = 0;
    for (let looked = 0; isWanted();) {
      const wait = this.waitOf(reading);
      paused += wait;
      if (paused > longestPause) return { kind: "refused", refusal: tooFast(wait) };
      if (wait > 0) {
        await pause(wait);
        continue;
      }
      const turn = () => this.step(reading, work, looked, expected);
      const step = await queue.run(reader.client, owner, turn, LEAST_OF_STEP + expected);
      if (!step) break;
      if (step.outcome) return step.outcome;
      looked += step.looked;
      if (step.charge > 0) expected = laterStep(step);
    }
    return { kind: "dropped" };
  }

  /** Charges a reader for events that it is sent. Its next reads and steps may have to wait. */
  charge(reader: Pick<Reader, "client" | "network" | "keys">, events: StoredEvent[]): void {
    const cost = events.reduce((sum, event) => sum + sendingCost(event), 0);
    const bytes = events.reduce((sum, { json }) => sum + json.length, 0);
    this.count(reader, cost);
    this.pace.sent(reader, bytes, this.deps.now());
  }

  /** Charges a reader, and lets others go first. */
  private count(reader: Pick<Reader, "client" | "network" | "keys">, cost: number): void {
    this.deps.limiter.charge(reader, cost);
    this.deps.queue.charge(reader.client, cost);
  }

  /** Drops all waiting reads of this owner. A step that has started continues. */
  drop(client: unknown, owner: unknown): void {
    this.deps.queue.drop(client, owner);
  }

  /** Returns for how many milliseconds a read waits because of the bytes that its client was sent. */
  private waitOf({ sends, reader }: Pick<Reading<unknown>, "sends" | "reader">): number {
    return sends === true ? this.pace.wait(reader, this.deps.now()) : 0;
  }

  private async step<T>(
    reading: Reading<T>,
    work: Work<T>,
    looked: number,
    expected: number,
  ): Promise<StepCost & { outcome?: ReadOutcome<T> }> {
    const { limiter, queue } = this.deps;
    const { reader, mostLooked = MOST_LOOKED } = reading;
    const left = mostLooked - looked;
    // Earlier reads may have used up the allowance meanwhile, and decisions of operators may have changed.
    const limited = limiter.limit(reader);
    // Both share a round trip. Nothing is sent before the second step.
    const isAhead = !limited && looked === 0 && reader.mayProbablyRead && this.waitOf(reading) === 0;
    let ahead = isAhead ? work.next(left) : undefined;
    const [refused, first] = limited ? [] : await Promise.all([reader.refuseRead(), ahead]);
    const refusal = limited ?? refused;
    const total: StepCost & { bytes: number } = { looked: 0, charge: 0, bytes: 0 };
    if (refusal && looked === 0) {
      if (first?.done === false) limiter.charge(reader, first.value.charge);
      return { ...total, outcome: { kind: "refused", refusal } };
    }
    const stop = refusal ?? (left < LEAST_OF_READ ? tooLong(mostLooked) : undefined);
    // Other reads of the client may have sent much since it began to wait for its turn.
    if (!stop && !ahead && this.waitOf(reading) > 0) {
      queue.charge(reader.client, -(LEAST_OF_STEP + expected + READS_AT_ONCE.turnCost));
      return total;
    }
    const advance = stop ? 0 : expected;
    limiter.charge(reader, advance);
    try {
      for (let steps = 1; ;) {
        const rest = left - total.looked;
        const { done, value } = await (ahead ?? work.next(stop ? 0 : Math.max(1, rest)));
        ahead = undefined;
        if (done) {
          const outcome: ReadOutcome<T> = stop
            ? { kind: "stopped", value, refusal: stop }
            : { kind: "done", value };
          return { ...total, outcome };
        }
        const isFirst = looked === 0 && total.looked === 0;
        total.charge += isFirst ? value.charge : Math.max(LEAST_OF_STEP, value.charge);
        // Every step counts, so that a read without any matches ends too.
        total.looked += Math.max(LEAST_OF_STEP, value.looked);
        total.bytes += value.bytes ?? 0;
        if (value.isLast) continue;
        const { next } = value;
        const cost = total.charge + (next ? weightOf(next) : 0);
        const isCheap = steps < CHEAP_STEPS.most && cost <= CHEAP_STEPS.cost;
        const mayGoOn = left - total.looked >= LEAST_OF_READ && this.waitOf(reading) === 0;
        if (stop || !isCheap || !mayGoOn) return { ...total, ...(next && { next }) };
        steps += 1;
        queue.charge(reader.client, READS_AT_ONCE.turnCost);
      }
    } finally {
      limiter.charge(reader, total.charge - advance);
      queue.charge(reader.client, weightOf(total) - expected);
    }
  }
}

/** Returns the expected cost of the step after this one. */
function laterStep({ charge, next }: StepCost): number {
  const expected = next ? weightOf(next) : STEP_GROWTH * charge;
  return Math.max(LEAST_OF_LATER_STEP, Math.min(expected, STEP_ENTRIES));
}

function tooFast(milliseconds: number): Refusal {
  return { prefix: "rate-limited", reason: `too many bytes; retry in ${milliseconds / 1000} s` };
}

function tooLong(most: number): Refusal {
  return {
    prefix: "error",
    reason: `this question has looked at ${most} rows, the maximum`,
  };
}

/** Refuses filters that exceed the bounds, or that this client may not ask for. */
export function boundsRefusal(
  filters: Filter[],
  keys: ReadonlySet<string>,
  config: Pick<Config, "MAX_FILTERS" | "MAX_FILTER_VALUES">,
): Refusal | undefined {
  if (filters.length > config.MAX_FILTERS) {
    return {
      prefix: "error",
      reason: `${filters.length} filters are too many; at most ${config.MAX_FILTERS} are allowed`,
    };
  }
  const values = valuesIn(filters);
  if (values > config.MAX_FILTER_VALUES) {
    const reason = `${values} ids, authors, kinds and tag values are too many; at most ${config.MAX_FILTER_VALUES} are allowed: ask for less at once`;
    return { prefix: "error", reason };
  }
  if (keys.size === 0 && filters.some(needsKeys)) {
    const reason =
      "only the author and the recipients of these kinds may read them: authenticate as one of them";
    return { prefix: "auth-required", reason };
  }
  return undefined;
}
