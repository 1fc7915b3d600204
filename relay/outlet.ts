/** The way of a committer's publications to the switchboard: in order, in batches, and tried again. */
import type { Publication, PublishAnswer } from "./switchboard.ts";

export interface OutletDeps {
  send(publications: Publication[]): Promise<PublishAnswer>;
  /** Waits some milliseconds. */
  pause(milliseconds: number): Promise<void>;
  answered(answer: PublishAnswer): void;
  report(error: unknown): void;
}

/** After these the publication is given up: the events are stored, and hubs find the gap with the next one. */
const PAUSES = [100, 500, 2500];

export class Outlet {
  private readonly deps: OutletDeps;
  private waiting: Publication[] = [];
  private sending: Promise<void> | undefined;

  constructor(deps: OutletDeps) {
    this.deps = deps;
  }

  /** Resolves when the publication is with the switchboard, or given up and reported. */
  send(publication: Publication): Promise<void> {
    this.waiting.push(publication);
    this.sending ??= this.drain();
    return this.sending;
  }

  private async drain(): Promise<void> {
    try {
      while (this.waiting.length > 0) {
        const batch = this.waiting.splice(0);
        const answer = await this.attempt(batch);
        if (answer) this.deps.answered(answer);
      }
    } finally {
      // In one go with the look that found nothing: what comes later begins anew.
      this.sending = undefined;
    }
  }

  private async attempt(batch: Publication[]): Promise<PublishAnswer | undefined> {
    for (const pause of [...PAUSES, undefined]) {
      try {
        return await this.deps.send(batch);
      } catch (error) {
        if (pause === undefined) this.deps.report(error);
        else await this.deps.pause(pause);
      }
    }
    return undefined;
  }
}
