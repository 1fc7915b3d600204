/** The way of a committer's publications to the switchboard: in order, in batches, and tried again. */
import { type Publication, publicationSize, type PublishAnswer } from "./switchboard.ts";

export interface OutletDeps {
  send(publications: Publication[]): Promise<PublishAnswer>;
  /** Waits some milliseconds. */
  pause(milliseconds: number): Promise<void>;
  answered(answer: PublishAnswer): void;
  report(error: unknown): void;
}

/** After these the publication is given up: the events are stored, and hubs find the gap with the next one. */
const PAUSES = [100, 500, 2500];

/** Half of what the switchboard lets wait for one hub, so that it seldom has to send a hub to the log. */
const BATCH_SIZE = 4_000_000;

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
        const batch = takeBatch(this.waiting);
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

/** Takes from the front: at least one publication, and as many as fit in one message. */
function takeBatch(waiting: Publication[]): Publication[] {
  let size = 0;
  const end = waiting.findIndex((publication, at) => {
    size += publicationSize(publication);
    return at > 0 && size > BATCH_SIZE;
  });
  return waiting.splice(0, end === -1 ? waiting.length : end);
}
