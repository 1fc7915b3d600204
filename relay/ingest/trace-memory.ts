/** Remembers which trace an event belongs to, after its OK. What comes within a second is one trip to the database. */
import type { EventTraces, TracedEvent } from "../../store/watch/event-traces.ts";

export interface TraceMemoryDeps {
  traces: Pick<EventTraces, "remember">;
  /** Resolves after some milliseconds. */
  pause(milliseconds: number): Promise<void>;
  /** Keeps background work alive. The work must not reject. */
  background(work: Promise<void>): void;
  report(error: unknown): void;
}

const GATHERING_MILLISECONDS = 1000;

export class TraceMemory {
  private readonly deps: TraceMemoryDeps;
  private waiting: TracedEvent[] = [];

  constructor(deps: TraceMemoryDeps) {
    this.deps = deps;
  }

  remember(events: readonly TracedEvent[]): void {
    if (events.length === 0) return;
    if (this.waiting.length === 0) this.deps.background(this.write().catch(this.deps.report));
    this.waiting.push(...events);
  }

  private async write(): Promise<void> {
    await this.deps.pause(GATHERING_MILLISECONDS);
    const { waiting } = this;
    this.waiting = [];
    await this.deps.traces.remember(waiting);
  }
}
