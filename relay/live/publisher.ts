/** Sends a committer's publications to the switchboard: in order, in batches, and with retries. */
import type { Tracer } from "../../telemetry/tracing.ts";
import { continuedBy, traceOf } from "./message-trace.ts";
import { type Publication, publicationSize, type PublishAnswer } from "./switchboard.ts";

export interface PublisherDeps {
  send(publications: Publication[]): Promise<PublishAnswer>;
  /** Resolves after some milliseconds. */
  pause(milliseconds: number): Promise<void>;
  answered(answer: PublishAnswer): void;
  report(error: unknown): void;
  tracer: Tracer;
}

/**
 * Pauses between attempts, in milliseconds. Then it gives up: the events are stored, and hubs find the gap with the
 * next publication.
 */
const PAUSES = [100, 500, 2500];

/** Half of what may wait for one hub at the switchboard, so that it seldom has to send a hub to the log. */
const BATCH_SIZE = 4_000_000;

export class Publisher {
  private readonly deps: PublisherDeps;
  private waiting: Publication[] = [];
  private sending: Promise<void> | undefined;

  constructor(deps: PublisherDeps) {
    this.deps = deps;
  }

  /** Resolves when the switchboard has the publication, or when it was given up and reported. */
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
      // In the same step as the check that found nothing, so that a later publication starts a new run.
      this.sending = undefined;
    }
  }

  private async attempt(batch: Publication[]): Promise<PublishAnswer | undefined> {
    for (const pause of [...PAUSES, undefined]) {
      try {
        return await this.sendTraced(batch);
      } catch (error) {
        if (pause === undefined) this.deps.report(error);
        else await this.deps.pause(pause);
      }
    }
    return undefined;
  }

  private sendTraced(batch: Publication[]): Promise<PublishAnswer> {
    const parent = traceOf(batch);
    const options = { parent, kind: "client", peer: "switchboard", isPart: true } as const;
    return this.deps.tracer.span("publish", options, (span) =>
      this.deps.send(continuedBy(batch, parent, span)),
    );
  }
}

/** Takes publications from the front: at least one, and as many as fit into one message. */
function takeBatch(waiting: Publication[]): Publication[] {
  let size = 0;
  const end = waiting.findIndex((publication, at) => {
    size += publicationSize(publication);
    return at > 0 && size > BATCH_SIZE;
  });
  return waiting.splice(0, end === -1 ? waiting.length : end);
}
