/** Ingests one batch of the events queue. Independent of the queue's and the database's platform. */
import type { Refusal } from "../nostr/message.ts";
import { idOf, isHex64 } from "../nostr/event.ts";
import { type Ingest, refusalOf, type Sender } from "../relay/ingest/ingest.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Tracer } from "../telemetry/tracing.ts";
import { type Bundle, readBundle } from "./bundle.ts";

/** One message of the queue. */
export interface Delivered {
  body: unknown;
  /** The number of this attempt, from 1. */
  attempts: number;
  ack(): void;
  retry(options: { delaySeconds: number }): void;
}

/** An event that can never be stored, and the reason. */
export interface DeadLetter {
  version: 1;
  upstream: string;
  reason: string;
  event: unknown;
}

export interface ConsumeDeps {
  ingest: Ingest;
  /** The sender of the events. */
  sender: Sender;
  /** Returns the ids that are stored, out of these. */
  known(ids: string[]): Promise<Set<string>>;
  /** Whether the database has room for events of upstreams, as the last statement has told. */
  hasRoom(): boolean;
  deadLetter(letters: DeadLetter[]): Promise<void>;
  /** Logs why a message is retried. */
  report(error: unknown): void;
  metrics: Metrics;
  tracer: Tracer;
}

const LONGEST_DELAY = 3600;

/** There is no room for events of upstreams. With ten attempts a bundle waits ten hours, and then is a dead letter. */
class NoRoomError extends Error {}
export const NO_ROOM_DELAY = 3600;

/** Ends every message with an ack or a retry. The bundles of one batch are committed together. */
export async function consume(messages: readonly Delivered[], deps: ConsumeDeps): Promise<void> {
  await Promise.all(messages.map((message) => settle(message, deps)));
}

async function settle(message: Delivered, deps: ConsumeDeps): Promise<void> {
  try {
    const bundle = readBundle(message.body);
    const letters = bundle ? await ingestBundle(bundle, deps) : [notABundle(message.body)];
    if (letters.length > 0) {
      await deps.deadLetter(letters);
      deps.metrics.add("events_dead_counts", "queue", letters.length);
    }
    message.ack();
  } catch (error) {
    // The Cron reports that there is no room.
    const hasNoRoom = error instanceof NoRoomError;
    if (!hasNoRoom) deps.report(error);
    message.retry({ delaySeconds: hasNoRoom ? NO_ROOM_DELAY : retryDelay(message.attempts) });
  }
}

/** Returns the seconds until the next attempt. */
export function retryDelay(attempts: number): number {
  return Math.min(LONGEST_DELAY, 2 ** Math.min(attempts, 20));
}

/** Ingests a bundle. Returns dead letters for the events that can never be stored. */
function ingestBundle(bundle: Bundle, deps: ConsumeDeps): Promise<DeadLetter[]> {
  const { events, upstream, traceparent } = bundle;
  const attributes = { upstream, events: events.length };
  return deps.tracer.span("consume", { parent: traceparent, attributes }, async (span) => {
    // Events that are already stored need no second signature check: a redelivery, or another upstream had them.
    const known = await deps.known(events.map(idOf).filter(isHex64));
    const fresh = events.filter((event) => !known.has(idOf(event) ?? ""));
    if (fresh.length > 0 && !deps.hasRoom()) throw new NoRoomError();
    const outcomes = await Promise.all(
      fresh.map(async (event) => ({
        event,
        outcome: await deps.ingest(event, { ...deps.sender, traceparent: span.traceparent }),
      })),
    );
    if (outcomes.some(({ outcome }) => outcome.kind === "no-room")) throw new NoRoomError();
    return outcomes.flatMap(({ event, outcome }) => {
      const refusal = refusalOf(outcome);
      if (!refusal) return [];
      deps.metrics.add("events_refused_counts", "queue");
      return deadLetters(upstream, refusal, event);
    });
  });
}

/** Returns dead letters for a refused event. None if it is blocked here: nobody needs to look at it again. */
export function deadLetters(upstream: string, { prefix, reason }: Refusal, event: unknown): DeadLetter[] {
  return prefix === "blocked" ? [] : [{ version: 1, upstream, reason: `${prefix}: ${reason}`, event }];
}

function notABundle(body: unknown): DeadLetter {
  return { version: 1, upstream: "", reason: "invalid: not a bundle of events", event: body };
}
