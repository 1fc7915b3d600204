/** Group commit: while one batch is being stored the next one fills, and leaves as soon as the first returns. */
import { DELETION, VANISH } from "../nostr/deletion.ts";
import { type Event, kindClass, versionKey } from "../nostr/event.ts";
import { searchableText } from "../nostr/search.ts";
import type { Cost } from "../store/database.ts";
import type { CommitResult, Fate, Store } from "../store/store.ts";
import type { Door, Metrics } from "../telemetry/metrics.ts";
import type { Tracer } from "../telemetry/tracing.ts";
import type { Publication, Published } from "./switchboard.ts";

export interface CommitDeps {
  store: Pick<Store, "commit" | "removeVanished">;
  /** Called once for each commit that stored something, before its events are reported stored. */
  publish(publication: Publication): Promise<void>;
  metrics: Metrics;
  tracer: Tracer;
  door: Door;
}

/** One batch is one bound parameter, and D1 takes 2 MB in it. */
const BATCH_EVENTS = 500;
const BATCH_BYTES = 1_500_000;
/** Of a row apart from what can be long. */
const ROW_BYTES = 400;

interface Waiting {
  event: Event;
  traceparent: string | undefined;
  resolve(fate: Fate): void;
  reject(error: unknown): void;
}

export class Committer {
  private readonly deps: CommitDeps;
  private waiting: Waiting[] = [];
  private busy = false;

  constructor(deps: CommitDeps) {
    this.deps = deps;
  }

  /**
   * Resolves once the event's batch is committed and published, and, when it is a request to vanish, once all that it
   * names is gone; rejects when the store fails.
   */
  async add(event: Event, traceparent?: string): Promise<Fate> {
    const fate = await this.wait(event, traceparent);
    // Nobody else waits for it. One that comes again may be tried again: the first time may have failed.
    if (event.kind === VANISH && (fate.kind === "stored" || fate.kind === "duplicate")) {
      this.count(await this.deps.store.removeVanished(event.pubkey));
    }
    return fate;
  }

  private wait(event: Event, traceparent?: string): Promise<Fate> {
    return new Promise((resolve, reject) => {
      this.waiting.push({ event, traceparent, resolve, reject });
      if (!this.busy) void this.drain();
    });
  }

  private async drain(): Promise<void> {
    this.busy = true;
    // Frames that arrived in the same turn of the event loop share the first batch.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const batch = takeBatch(this.waiting);
      try {
        const fates = await this.store(batch);
        batch.forEach((one, at) => one.resolve(fates[at] as Fate));
      } catch (error) {
        for (const one of batch) one.reject(error);
      }
    }
    this.busy = false;
  }

  private store(batch: Waiting[]): Promise<Fate[]> {
    const { store, metrics, tracer, door } = this.deps;
    const events = batch.map(({ event }) => event);
    const parent = batch.find(({ traceparent }) => traceparent !== undefined)?.traceparent;
    return tracer.span("commit", { parent, attributes: { events: events.length, door } }, async (span) => {
      const result = await store.commit(events);
      this.count(result.cost);
      const published = storedEvents(events, result);
      metrics.add("events_stored_counts", door, published.length);
      if (published.length > 0) {
        await this.deps.publish(publication(result, published, span.traceparent));
      }
      return result.fates;
    });
  }

  private count({ rowsRead, rowsWritten }: Cost): void {
    const { metrics, door } = this.deps;
    metrics.add("d1_rows_read", door, rowsRead);
    metrics.add("d1_rows_written", door, rowsWritten);
  }
}

/**
 * Takes from the front: at least one event, and as many as fit in one batch. Deletions are its last, so that they
 * meet what came before them and not what comes after.
 */
function takeBatch(waiting: Waiting[]): Waiting[] {
  let bytes = 0;
  const end = waiting.findIndex(({ event }, at) => {
    bytes += sizeOf(event);
    const before = waiting[at - 1]?.event.kind;
    const isAfterDeletion = before === VANISH || (before === DELETION && event.kind !== DELETION);
    return at > 0 && (isAfterDeletion || at >= BATCH_EVENTS || bytes > BATCH_BYTES);
  });
  return waiting.splice(0, end === -1 ? waiting.length : end);
}

/** In UTF-8 bytes, as the store is passed it. What a deletion names is passed once more, with its author. */
function sizeOf(event: Event): number {
  const { kind, tags, content } = event;
  const row = JSON.stringify([tags, content, versionKey(event), searchableText(event)]);
  const size = ROW_BYTES + new TextEncoder().encode(row).length;
  return kind === DELETION ? 4 * size : size;
}

function storedEvents(events: Event[], result: CommitResult): Published[] {
  return events.flatMap((event, at) => {
    const fate = result.fates[at];
    return fate?.kind === "stored" ? [{ seq: fate.seq, event }] : [];
  });
}

function publication(
  result: CommitResult,
  events: Published[],
  traceparent: string | undefined,
): Publication {
  return {
    version: 1,
    prev: result.prev,
    last: result.last,
    events,
    ephemeral: [],
    ...(traceparent !== undefined && { traceparent }),
  };
}

/** Ephemeral events are news without a place in the log. */
export function passingPublication(event: Event, traceparent: string | undefined): Publication {
  if (kindClass(event.kind) !== "ephemeral") throw new Error(`kind ${event.kind} is not ephemeral`);
  return {
    version: 1,
    prev: 0,
    last: 0,
    events: [],
    ephemeral: [event],
    ...(traceparent !== undefined && { traceparent }),
  };
}
