/** Group commit: while one batch is being stored, the next one fills. It is sent when the first one returns. */
import { DELETION, VANISH } from "../../nostr/kinds.ts";
import { type Event, kindClass } from "../../nostr/event.ts";
import { searchableText } from "../../nostr/search.ts";
import type { TracedEvent } from "../../store/watch/event-traces.ts";
import type { CommitResult, Fate, Store } from "../../store/store.ts";
import { kindLabel } from "../../telemetry/labels.ts";
import type { Source, Metrics } from "../../telemetry/metrics.ts";
import { leadOf, sampledTrace } from "../../telemetry/traceparent.ts";
import type { Tracer } from "../../telemetry/tracing.ts";
import type { Sender } from "./ingest.ts";
import { hasLongText, isLarge, type Weight, weightOf } from "./event-weight.ts";
import type { Publication, Published } from "../live/switchboard.ts";
import { FairBatches } from "../limits/fair-batches.ts";

export interface CommitDeps {
  store: Pick<Store, "commit" | "known" | "adopt" | "removeVanished" | "finishDeletion">;
  /**
   * Called once for each commit that stored something, or may have done so before its answer was lost, and before its events
   * are reported as stored.
   */
  publish(publication: Publication): Promise<void>;
  /** The end of the log, as far as it is known from other committers. */
  head?(): number;
  /** Resolves after some milliseconds. */
  pause(milliseconds: number): Promise<void>;
  /** Remembers the traces of events that were stored. Never rejects. */
  rememberTraces?(events: TracedEvent[]): Promise<void>;
  metrics: Metrics;
  tracer: Tracer;
  source: Source;
}

/**
 * Pause between two batches, in milliseconds. workerd reads its sockets only when it has nothing else to do. If the database
 * answers in the same process, a client that keeps the next batch full would otherwise be the only one that is served.
 * There is no pause before a first batch: a hub is more likely to be evicted in a pause than in a commit.
 */
const PAUSE = 1;

/** Maximum bytes of one batch. A batch is one bound parameter, and D1's limit for one is 2 MB. */
export const BATCH_EVENTS = 500;
export const BATCH_BYTES = 1_500_000;
/** Maximum work of one batch, in rows. It takes about 60 ms, in which the database serves nobody else. */
export const BATCH_WORK = 4000;

/** The client of an event, whose events are committed in order, and its trace. */
type EventSender = Pick<Sender, "client" | "trace">;

interface Waiting {
  event: Event;
  sender: EventSender;
  weight: Weight;
  resolve(ending: Ending): void;
  reject(error: unknown): void;
}

interface Ending {
  fate: Fate;
  /** Whether it is a deletion that is not finished. */
  isUnfinished: boolean;
}

type StoreEnding = Omit<Ending, "fate"> & { fate: CommitResult["fates"][number] };

export class Committer {
  private readonly deps: CommitDeps;
  private readonly waiting = new FairBatches<Waiting>(({ weight }) => weight.work);
  private busy = false;
  /** The end of the log after its last commit. */
  private head = 0;

  constructor(deps: CommitDeps) {
    this.deps = deps;
  }

  /**
   * Commits an event. Resolves when its batch is committed and published. For a deletion or a request to vanish, it also
   * waits until everything that it names is removed. Rejects if the store fails.
   */
  async add(event: Event, sender: EventSender = {}): Promise<Fate> {
    const { fate, isUnfinished } = await this.wait(event, sender);
    const { store, pause } = this.deps;
    const breathe = () => pause(PAUSE);
    // No other client waits for this. A repeated request runs again, because the first run may have failed.
    if (event.kind === VANISH && (fate.kind === "stored" || fate.kind === "duplicate")) {
      await store.removeVanished(event.pubkey, breathe);
    }
    if (isUnfinished) await store.finishDeletion(event.id, breathe);
    return fate;
  }

  private wait(event: Event, sender: EventSender): Promise<Ending> {
    return new Promise((resolve, reject) => {
      this.waiting.add(sender.client, { event, sender, weight: weightOf(event), resolve, reject });
      if (!this.busy) void this.drain();
    });
  }

  private async drain(): Promise<void> {
    this.busy = true;
    // Events that arrived in the same turn of the event loop share the first batch.
    await Promise.resolve();
    while (!this.waiting.isEmpty) {
      const room = new Room();
      const batch = this.waiting.take((one) => room.takes(one));
      try {
        const known = await this.knownOf(batch);
        for (const one of batch) {
          if (known.has(one.event.id)) one.resolve({ fate: { kind: "duplicate" }, isUnfinished: false });
        }
        const fresh = batch.filter(({ event }) => !known.has(event.id));
        if (fresh.length > 0) {
          const endings = await this.store(fresh);
          fresh.forEach((one, at) => {
            const { fate, isUnfinished } = endings[at] as StoreEnding;
            if (fate.kind === "failed") one.reject(fate.error);
            else one.resolve({ fate, isUnfinished });
          });
        }
      } catch (error) {
        for (const one of batch) one.reject(error);
      }
      // Events that arrive meanwhile share the next batch.
      if (!this.waiting.isEmpty) await this.deps.pause(PAUSE);
    }
    this.busy = false;
  }

  /** Returns which large events are already stored. Splits the long texts of the others into terms. */
  private async knownOf(batch: Waiting[]): Promise<Set<string>> {
    const large = batch.filter(({ event, weight }) => !isCarriedOut(event) && isLarge(weight));
    if (large.length === 0) return new Set();
    const { store, source } = this.deps;
    const known = await store.known(large.map(({ event }) => event.id));
    if (known.size > 0 && source !== "queue") await store.adopt([...known]);
    const texts = large.filter(({ event }) => !known.has(event.id) && hasLongText(event));
    for (const { event } of texts) searchableText(event);
    // Splitting long texts took as long as a batch.
    if (texts.length > 0) await this.deps.pause(PAUSE);
    return known;
  }

  private store(batch: Waiting[]): Promise<StoreEnding[]> {
    const { store, metrics, tracer, source } = this.deps;
    const events = batch.map(({ event }) => event);
    const parent = leadOf(batch, ({ sender }) => sender.trace?.isSampled)?.sender.trace?.traceparent;
    return tracer.span("commit", { parent, attributes: { events: events.length, source } }, async (span) => {
      const head = Math.max(this.head, this.deps.head?.() ?? 0);
      const seconds = metrics.stopwatch();
      const result = await store.commit(events, { isPulled: source === "queue", head });
      metrics.observe("commit_seconds", { source }, seconds());
      this.head = Math.max(this.head, result.last);
      const published = storedEvents(events, result);
      for (const { event } of published)
        metrics.add("events_stored_total", { source, kind: kindLabel(event.kind) });
      // Stored by a commit whose answer was lost: nobody has been told, and hubs find the events in the log.
      if (published.length > 0 || result.isRepeated) {
        await Promise.all([
          this.deps.publish(publication(result, published, span.traceparent)),
          this.rememberTraces(batch, result),
        ]);
      }
      const unfinished = new Set(result.unfinished);
      return result.fates.map((fate, at) => ({ fate, isUnfinished: unfinished.has(events[at]?.id ?? "") }));
    });
  }

  private async rememberTraces(batch: Waiting[], result: CommitResult): Promise<void> {
    const traced = tracedEvents(batch, result);
    if (traced.length > 0) await this.deps.rememberTraces?.(traced);
  }
}

/** Returns the events that were stored and whose traces are sampled. */
function tracedEvents(batch: Waiting[], result: CommitResult): TracedEvent[] {
  return batch.flatMap(({ event, sender }, at) => {
    const trace = result.fates[at]?.kind === "stored" ? sampledTrace(sender.trace) : undefined;
    return trace === undefined ? [] : [{ id: event.id, trace }];
  });
}

/** Returns whether an event may still have work to finish if it comes again. */
function isCarriedOut({ kind }: Event): boolean {
  return kind === DELETION || kind === VANISH;
}

/**
 * The contents of one batch. A deletion is the last event of its sender in a batch: it affects earlier events, not
 * later ones.
 */
class Room {
  private events = 0;
  private bytes = 0;
  private work = 0;
  /** For each sender: the kind of its last event, if that is a deletion. */
  private readonly deletions = new Map<unknown, number>();

  /** Returns whether an event fits, and reserves its room. */
  takes({ event, sender: { client }, weight: { bytes, work } }: Waiting): boolean {
    const { kind } = event;
    const before = this.deletions.get(client);
    if (before === VANISH || (before === DELETION && kind !== DELETION)) return false;
    const isFull =
      this.events === BATCH_EVENTS || this.bytes + bytes > BATCH_BYTES || this.work + work > BATCH_WORK;
    if (isFull) return false;
    this.events += 1;
    this.bytes += bytes;
    this.work += work;
    if (isCarriedOut(event)) this.deletions.set(client, kind);
    return true;
  }
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

/** Returns a publication of ephemeral events, which have no log position. `isPulled`: from an upstream. */
export function passingPublication(
  event: Event,
  traceparent: string | undefined,
  isPulled = false,
): Publication {
  if (kindClass(event.kind) !== "ephemeral") throw new Error(`kind ${event.kind} is not ephemeral`);
  return {
    version: 1,
    prev: 0,
    last: 0,
    events: [],
    ephemeral: [event],
    ...(isPulled && { isPulled }),
    ...(traceparent !== undefined && { traceparent }),
  };
}
