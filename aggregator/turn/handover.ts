/** Hands events of an upstream over to the queue: those that are not stored yet, each once in a job. */
import { idOf, isHex64, kindClass } from "../../nostr/event.ts";
import type { Span } from "../../telemetry/tracing.ts";
import type { Unneeded } from "../../store/upstreams/unneeded.ts";
import { createdAt } from "./asked.ts";
import { type Bundle, bundleEvents } from "../queue/bundle.ts";
import type { QueuedCopies } from "../queue/queued-copies.ts";

export interface HandoverDeps {
  /** Returns the ids that need not be queued, out of these: they are stored, or were refused from this upstream. */
  unneeded(ids: string[], upstream: string): Promise<Pick<Unneeded, "stored" | "refused">>;
  enqueue(bundles: Bundle[]): Promise<void>;
  /** What the pulls of all upstreams have queued lately. */
  queued: Pick<QueuedCopies, "has" | "add">;
  /** Ingests an event that fits in no queue message. */
  ingestLarge(event: unknown, head: Pick<Bundle, "upstream" | "traceparent">): Promise<void>;
  /** Maximum size of an event that may be stored, in bytes. */
  longest: number;
  /** Whether an event is old enough to be removed at once. */
  isOutdated(event: { kind: number; created_at: number }): boolean;
}

export const NO_ROOM = "the database has no room for events of upstreams";
/** Beyond this many ids, those of earlier pages are forgotten: an event seldom comes in two pages that are far apart. */
const MOST_SEEN = 50_000;

export class Handover {
  readonly #url: string;
  readonly #deps: HandoverDeps;
  #seen = new Set<string>();

  constructor(url: string, deps: HandoverDeps) {
    this.#url = url;
    this.#deps = deps;
  }

  /**
   * Queues the events that are neither stored nor refused yet. Ephemeral events are left out: an upstream may keep one for
   * minutes, and each pull would deliver it again. So is what another pull has just queued. Returns the ids of those that were
   * queued or ingested.
   */
  async take(events: readonly unknown[], span: Span): Promise<string[]> {
    if (this.#seen.size > MOST_SEEN) this.#seen = new Set();
    const before = new Set<string>();
    const fresh = events.filter((event) => {
      const id = idOf(event);
      // An event without a valid id cannot be stored.
      if (!isHex64(id) || this.#seen.has(id) || before.has(id)) return false;
      before.add(id);
      return !this.#isUnwanted(event);
    });
    if (fresh.length === 0) return [];
    const { unneeded, queued } = this.#deps;
    const { stored, refused } = await unneeded(
      fresh.map((event) => idOf(event) as string),
      this.#url,
    );
    const wanted = fresh.filter((event) => {
      const id = idOf(event) as string;
      // Only now: another pull may have queued it meanwhile.
      return !stored.has(id) && !refused.has(id) && !queued.has(event);
    });
    await this.#queue(wanted, span);
    // Only now: if the queue refuses, the same job may ask again.
    for (const id of before) this.#seen.add(id);
    return wanted.map((event) => idOf(event) as string);
  }

  async #queue(events: unknown[], { traceparent }: Span): Promise<void> {
    const { longest, enqueue, ingestLarge } = this.#deps;
    const head = { upstream: this.#url, ...(traceparent !== undefined && { traceparent }) };
    const { bundles, oversized } = bundleEvents(events, head, longest);
    if (bundles.length > 0) await enqueue(bundles);
    for (const bundle of bundles) this.#deps.queued.add(bundle.events);
    for (const event of oversized) await ingestLarge(event, head);
  }

  #isUnwanted(event: unknown): boolean {
    const created_at = createdAt(event);
    const { kind } = event as { kind?: unknown };
    if (created_at === undefined || typeof kind !== "number") return false;
    return kindClass(kind) === "ephemeral" || this.#deps.isOutdated({ kind, created_at });
  }
}
