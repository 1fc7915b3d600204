/**
 * Ingests one batch of the events queue, or of the queue of bundles that failed too often. Independent of the queue's and the
 * database's platform.
 */
import { idOf, isHex64 } from "../../nostr/event.ts";
import type { Prefix } from "../../nostr/message.ts";
import type { Ingest, Sender } from "../../relay/ingest/ingest.ts";
import type { DeadLetter } from "../../store/letters/letter-row.ts";
import type { RefusedIds } from "../../store/upstreams/refused-ids.ts";
import type { Unneeded } from "../../store/upstreams/unneeded.ts";
import { queueAttributes, type QueueName, queuePeer } from "../../telemetry/messaging.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Tracer } from "../../telemetry/tracing.ts";
import { type Bundle, readBundle } from "./bundle.ts";
import { readQueuedLetter } from "./queued-letter.ts";
import { isAway, salvage, type Trial, tryTogether } from "./salvage.ts";
import { verdictOn } from "./verdict.ts";

/** One message of the queue. */
export interface Delivered {
  body: unknown;
  /** The number of this attempt, from 1. */
  attempts: number;
  ack(): void;
  retry(options: { delaySeconds: number }): void;
}

export interface ConsumeDeps {
  ingest: Ingest;
  /** The sender of the events. */
  sender: Sender;
  /** Returns which of these ids are stored, and which were refused from this upstream. */
  unneeded(upstream: string, ids: string[]): Promise<Unneeded>;
  /** Remembers what was refused, so that pulls do not ask for it again. */
  remember: RefusedIds["remember"];
  /** Whether the database has room for events of upstreams, as the last statement has told. */
  hasRoom(): boolean;
  deadLetter(letters: DeadLetter[]): Promise<void>;
  /** How far in the future created_at may be, in seconds. */
  farthest: number;
  /** Unix seconds. */
  now(): number;
  /** Logs why a message is retried. */
  report(error: unknown): void;
  metrics: Metrics;
  tracer: Tracer;
  /** The queue that the messages come from. Absent: they come from no queue. */
  queue?: QueueName;
}

/** How long a queue goes on trying. */
export interface Patience {
  /** From this attempt on, an event that makes ingest throw becomes a dead letter. */
  forThrows: number;
  /** The same if all events make it throw: then it is more likely that ingest fails than that all of them are bad. */
  forAllThrow: number;
  /** From this attempt on, all that is not stored becomes a dead letter without another try. */
  forAll: number;
}

/**
 * Twelve attempts take more than an hour (`retryDelay`), in which most faults are mended. Then the queue itself gives up
 * (`max_retries` in wrangler.toml).
 */
export const PATIENCE: Patience = { forThrows: 12, forAllThrow: 24, forAll: Infinity };
/** For bundles that the events queue has given up. 90 attempts take more than three days. */
export const LAST_PATIENCE: Patience = { forThrows: 1, forAllThrow: 12, forAll: 90 };

const LONGEST_DELAY = 3600;
export const NO_ROOM_DELAY = 3600;

const NO_BUNDLE = "invalid: not a bundle of events";

/** There is no room for events of upstreams. */
class NoRoomError extends Error {}

/** One event of a message. */
interface Item {
  event: unknown;
  sender: Sender;
}

/** One message, and how its events fared. */
interface Work {
  message: Delivered;
  bundle: Bundle;
  /** The rules that its events were judged by (`RefusedIds`). */
  rules: string;
  trials: Map<Item, Trial>;
}

/** Ends every message with an ack or a retry. The bundles of one batch are committed together. */
export async function consume(
  messages: readonly Delivered[],
  given: ConsumeDeps,
  patience = PATIENCE,
): Promise<void> {
  let judged = 0;
  const ingest: Ingest = async (event, sender) => {
    const outcome = await given.ingest(event, sender);
    judged += 1;
    return outcome;
  };
  const deps = { ...given, ingest, report: once(given.report) };
  const begun = await Promise.all(
    messages.map((message) => orRetry(message, deps, () => begin(message, deps, patience))),
  );
  const troubled = begun.filter((work) => work !== undefined);
  const thrown = troubled.flatMap(({ trials }) => [...trials].filter(([, trial]) => isToBlame(trial)));
  const salvaged = await salvage(
    thrown.map(([item]) => item),
    (item) => deps.ingest(item.event, item.sender),
  );
  const isAnyJudged = judged > 0 || thrown.length === 1;
  const least = isAnyJudged ? patience.forThrows : patience.forAllThrow;
  for (const work of troubled) {
    const trials = new Map([...work.trials].map(([item, trial]) => [item, salvaged.get(item) ?? trial]));
    const isGivenUp = (item: Item) => salvaged.has(item) && work.message.attempts >= least;
    await orRetry(work.message, deps, () => end({ ...work, trials }, deps, isGivenUp));
  }
}

/** If the work fails, the message comes again. */
async function orRetry<T>(
  message: Delivered,
  { report }: Pick<ConsumeDeps, "report">,
  work: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await work();
  } catch (error) {
    // The Cron reports that there is no room.
    const hasNoRoom = error instanceof NoRoomError;
    if (!hasNoRoom) report(error);
    message.retry({ delaySeconds: hasNoRoom ? NO_ROOM_DELAY : retryDelay(message.attempts) });
    return undefined;
  }
}

/** Returns the seconds until the next attempt. */
export function retryDelay(attempts: number): number {
  return Math.min(LONGEST_DELAY, 2 ** Math.min(attempts, 20));
}

/** Ingests a message and ends it. Returns it if some of its events made ingest throw, and may be to blame. */
async function begin(message: Delivered, deps: ConsumeDeps, patience: Patience): Promise<Work | undefined> {
  const bundle = readBundle(message.body);
  if (!bundle) {
    const unreadable = { upstream: "", reason: NO_BUNDLE, event: message.body, attempts: 1 };
    await write([readQueuedLetter(message.body) ?? unreadable], deps);
    message.ack();
    return undefined;
  }
  if (message.attempts >= patience.forAll) {
    await giveUp(message, bundle, deps);
    message.ack();
    return undefined;
  }
  const work = await tryBundle(message, bundle, deps);
  if ([...work.trials.values()].some(isToBlame)) return work;
  await end(work, deps, () => false);
  return undefined;
}

/** Writes dead letters for all that is not stored. */
async function giveUp(message: Delivered, bundle: Bundle, deps: ConsumeDeps): Promise<void> {
  const { upstream, attempts = 0 } = bundle;
  const { events } = await eventsNeeded(bundle, deps);
  const reason = `error: it was not stored in ${message.attempts} attempts`;
  await write(
    events.map((event) => ({ upstream, reason, event, attempts: attempts + 1 })),
    deps,
  );
}

function tryBundle(message: Delivered, bundle: Bundle, deps: ConsumeDeps): Promise<Work> {
  const { queue } = deps;
  const attributes = {
    upstream: bundle.upstream,
    events: bundle.events.length,
    ...(queue && { ...queueAttributes(queue), "messaging.operation.type": "process" }),
  };
  const about = { attributes, ...(queue && ({ kind: "consumer", peer: queuePeer(queue) } as const)) };
  return deps.tracer.span("consume", { parent: bundle.traceparent, ...about }, async (span) => {
    const { events, rules } = await eventsNeeded(bundle, deps);
    if (events.length > 0 && !deps.hasRoom()) throw new NoRoomError();
    const sender = { ...deps.sender, trace: span };
    const items = events.map((event): Item => ({ event, sender }));
    const trials = await tryTogether(items, (item) => deps.ingest(item.event, item.sender));
    return { message, bundle, rules, trials: new Map(items.map((item, at) => [item, trials[at] as Trial])) };
  });
}

/** Leaves out what needs no second signature check: it was in this message before, or another upstream had it. */
async function eventsNeeded(
  { upstream, events, attempts }: Bundle,
  deps: ConsumeDeps,
): Promise<{ events: unknown[]; rules: string }> {
  const { stored, refused, rules } = await deps.unneeded(upstream, events.map(idOf).filter(isHex64));
  // What an operator has asked for again is judged again.
  const isUnneeded = (id: string) => stored.has(id) || (attempts === undefined && refused.has(id));
  return { events: events.filter((event) => !isUnneeded(idOf(event) ?? "")), rules };
}

/** Writes what is known about the events. Acknowledges the message, or rejects if some events must come again. */
async function end(
  { message, bundle, rules, trials }: Work,
  deps: ConsumeDeps,
  isGivenUp: (item: Item) => boolean,
): Promise<void> {
  const { upstream, attempts = 0 } = bundle;
  const letters: DeadLetter[] = [];
  const unwanted: string[] = [];
  const failures: unknown[] = [];
  const refused: Prefix[] = [];
  const drop = (event: unknown, reason: string | undefined) => {
    if (reason !== undefined) letters.push({ upstream, reason, event, attempts: attempts + 1 });
    const id = idOf(event);
    if (isHex64(id)) unwanted.push(id);
  };
  for (const [item, trial] of trials) {
    if ("error" in trial) {
      if (isGivenUp(item)) drop(item.event, `error: ${messageOf(trial.error)}`);
      else failures.push(trial.error);
      continue;
    }
    const verdict = verdictOn(trial.outcome, item.event, deps.now() + deps.farthest);
    if (verdict.kind === "no-room") failures.push(new NoRoomError());
    if (verdict.kind !== "unwanted") continue;
    drop(item.event, verdict.letter);
    if (verdict.refused) refused.push(verdict.refused);
  }
  await write(letters, deps);
  if (unwanted.length > 0) await deps.remember({ upstream, ids: unwanted, rules, now: deps.now() });
  for (const reason of refused) deps.metrics.add("events_refused_total", { source: "queue", reason });
  if (failures.length > 0) throw failures[0];
  message.ack();
}

async function write(
  letters: DeadLetter[],
  deps: Pick<ConsumeDeps, "deadLetter" | "metrics">,
): Promise<void> {
  if (letters.length === 0) return;
  await deps.deadLetter(letters);
  deps.metrics.add("events_dead_total", { source: "queue" }, letters.length);
}

/** Returns whether an event has thrown, and the database answers. */
function isToBlame(trial: Trial): boolean {
  return "error" in trial && !isAway(trial.error);
}

/** Reports each message once: all events of a batch fail for the same reason if the database is away. */
function once(report: (error: unknown) => void): (error: unknown) => void {
  const reported = new Set<string>();
  return (error) => {
    const text = messageOf(error);
    if (!reported.has(text)) report(error);
    reported.add(text);
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
