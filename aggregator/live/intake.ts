/**
 * What becomes of the events of a live connection. They take the path of the queue's consumer, but at once: on the queue an event
 * would wait a second, and cost three operations. What cannot be stored now goes to the queue, which tries again later. If it
 * does not fit into memory, the connection ends, and the next pull fetches it.
 */
import type { Event } from "../../nostr/event.ts";
import { type Ingest, refusalOf, type Sender } from "../../relay/ingest/ingest.ts";
import { type Bundle, bundleEvents } from "../queue/bundle.ts";
import type { Delivered } from "../queue/consume.ts";

export interface LiveIntakeDeps {
  url: string;
  /** Maximum size of an event that may be stored, in bytes. A longer one is left to the pull, which reports it. */
  longest: number;
  /** Whether an event is old enough to be removed at once. */
  isOutdated(event: Event): boolean;
  ingest: Ingest;
  /** The sender of the events. */
  sender: Sender;
  /** Handles messages as the consumer of the queue does, with this ingest path. */
  consume(messages: Delivered[], ingest: Ingest): Promise<void>;
  /** Puts bundles on the queue that could not be stored, to be delivered after this time. */
  enqueue(bundles: Bundle[], delaySeconds: number): Promise<void>;
  /** Called for each event that is refused. */
  refused(): void;
  /** Called if events come faster than they can be stored, or if one can be neither stored nor queued. */
  lost(reason: string): void;
  /** Writes to the operator's log. */
  report(error: unknown): void;
}

/** Maximum characters of events that wait or are being stored. Parsed, they take up to fifteen times as much memory. */
const MOST_CHARACTERS = 4_000_000;
/** Maximum number of events that are stored together. */
const TOGETHER = 500;
/** Maximum number of ephemeral events that wait for their delivery. Further ones are lost, as they may be. */
const MOST_PASSING = 200;

export class LiveIntake {
  private readonly deps: LiveIntakeDeps;
  private waiting: { event: Event; characters: number }[] = [];
  private characters = 0;
  private storing: Promise<void> | undefined;
  private passing = 0;
  private readonly ingest: Ingest = async (event, sender) => {
    const outcome = await this.deps.ingest(event, sender);
    if (refusalOf(outcome)) this.deps.refused();
    return outcome;
  };

  constructor(deps: LiveIntakeDeps) {
    this.deps = deps;
  }

  /** Takes an event that is to be stored. `characters` is its size. */
  take(event: Event, characters: number): void {
    if (this.deps.isOutdated(event)) return;
    if (this.characters + characters > MOST_CHARACTERS)
      return this.deps.lost("events come faster than they can be stored");
    this.characters += characters;
    this.waiting.push({ event, characters });
    this.storing ??= this.storeAll();
  }

  /** Delivers an ephemeral event. It is never queued: a queue may deliver twice. */
  async pass(event: Event): Promise<void> {
    if (this.passing >= MOST_PASSING) return;
    this.passing += 1;
    try {
      await this.ingest(event, this.deps.sender);
    } catch (error) {
      this.deps.report(error);
    } finally {
      this.passing -= 1;
    }
  }

  /** Resolves when nothing is being stored. */
  async settled(): Promise<void> {
    await this.storing;
  }

  private async storeAll(): Promise<void> {
    // Events of the same turn of the event loop are stored together.
    await Promise.resolve();
    while (this.waiting.length > 0) {
      const batch = this.waiting.splice(0, TOGETHER);
      try {
        await this.store(batch.map(({ event }) => event));
      } catch (error) {
        this.deps.report(error);
        this.deps.lost("an event could be neither stored nor queued");
      }
      this.characters -= batch.reduce((sum, { characters }) => sum + characters, 0);
    }
    this.storing = undefined;
  }

  private async store(events: Event[]): Promise<void> {
    const { bundles } = bundleEvents(events, { upstream: this.deps.url }, this.deps.longest);
    const postponed: Bundle[] = [];
    let delay = 0;
    const messages = bundles.map((bundle) => ({
      body: bundle,
      attempts: 1,
      ack: () => undefined,
      retry({ delaySeconds }: { delaySeconds: number }) {
        postponed.push(bundle);
        delay = Math.max(delay, delaySeconds);
      },
    }));
    await this.deps.consume(messages, this.ingest);
    if (postponed.length > 0) await this.deps.enqueue(postponed, delay);
  }
}
