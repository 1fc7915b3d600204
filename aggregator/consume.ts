/** Drains one batch of the events queue through the one door. Knows neither queue nor database. */
import { isHex64 } from "../nostr/event.ts";
import { type Ingest, refusalOf, type Source } from "../relay/ingest.ts";
import type { Refusal } from "../relay/policy.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Tracer } from "../telemetry/tracing.ts";
import { type Bundle, readBundle } from "./bundle.ts";

/** One message, as the queue hands it over. */
export interface Delivered {
  body: unknown;
  /** Which attempt this is, from 1. */
  attempts: number;
  ack(): void;
  retry(options: { delaySeconds: number }): void;
}

/** What can never be stored, and why. */
export interface DeadLetter {
  version: 1;
  upstream: string;
  reason: string;
  event: unknown;
}

export interface ConsumeDeps {
  ingest: Ingest;
  /** What is known of whoever sends. */
  source: Source;
  /** Those of these ids that are stored. */
  known(ids: string[]): Promise<Set<string>>;
  bury(letters: DeadLetter[]): Promise<void>;
  /** For what is retried: why. */
  report(error: unknown): void;
  metrics: Metrics;
  tracer: Tracer;
}

const LONGEST_DELAY = 3600;

/** Every message ends in an ack or a retry. The bundles of one batch share the door's commits. */
export async function consume(messages: readonly Delivered[], deps: ConsumeDeps): Promise<void> {
  await Promise.all(messages.map((message) => settle(message, deps)));
}

async function settle(message: Delivered, deps: ConsumeDeps): Promise<void> {
  try {
    const bundle = readBundle(message.body);
    const letters = bundle ? await persist(bundle, deps) : [notABundle(message.body)];
    if (letters.length > 0) {
      await deps.bury(letters);
      deps.metrics.add("events_dead_counts", "queue", letters.length);
    }
    message.ack();
  } catch (error) {
    deps.report(error);
    message.retry({ delaySeconds: retryDelay(message.attempts) });
  }
}

/** Seconds until a message is tried again. */
export function retryDelay(attempts: number): number {
  return Math.min(LONGEST_DELAY, 2 ** Math.min(attempts, 20));
}

/** Stores what can be stored; what never can comes back as dead letters. */
function persist(bundle: Bundle, deps: ConsumeDeps): Promise<DeadLetter[]> {
  const { events, upstream, traceparent } = bundle;
  const attributes = { upstream, events: events.length };
  return deps.tracer.span("consume", { parent: traceparent, attributes }, async (span) => {
    // Delivered again, or brought by another upstream meanwhile: no signature is checked twice.
    const known = await deps.known(events.map(idOf).filter((id) => id !== undefined));
    const outcomes = await Promise.all(
      events
        .filter((event) => !known.has(idOf(event) ?? ""))
        .map(async (event) => ({
          event,
          outcome: await deps.ingest(event, { ...deps.source, traceparent: span.traceparent }),
        })),
    );
    return outcomes.flatMap(({ event, outcome }) => {
      const refusal = refusalOf(outcome);
      if (!refusal) return [];
      deps.metrics.add("events_refused_counts", "queue");
      return deadLetters(upstream, refusal, event);
    });
  });
}

/** None for what is not wanted here: that is no fault of whoever sent it, and nothing to look at again. */
export function deadLetters(upstream: string, { prefix, reason }: Refusal, event: unknown): DeadLetter[] {
  return prefix === "blocked" ? [] : [{ version: 1, upstream, reason: `${prefix}: ${reason}`, event }];
}

function notABundle(body: unknown): DeadLetter {
  return { version: 1, upstream: "", reason: "invalid: not a bundle of events", event: body };
}

function idOf(event: unknown): string | undefined {
  const id = typeof event === "object" && event !== null && "id" in event ? event.id : undefined;
  return isHex64(id) ? id : undefined;
}
