/** Gets the events of ids that an upstream has listed, and queues those that are missing here. */
import { type Inquiry, inquire, Stop, stopAfter, stopFor } from "../turn/inquiry.ts";
import type { Taken } from "./comparison.ts";
import type { Job } from "../turn/job.ts";
import { isBroken, refusalIn, smallerLimit } from "../conversation/refusal.ts";

/** Ids in one question: about 33 KB. Most relays accept 64 KB. */
const MOST_IDS = 500;
/** An upstream that lists many events and sends few of them is not worth more questions. */
const MANY_WITHHELD = 2000;

export class IdFetcher {
  readonly #job: Job;
  /** Ids that this job or another has put on the queue. They are perhaps not stored yet. */
  readonly #queued = new Set<string>();
  #mostIds = MOST_IDS;
  #sent = 0;
  #withheld = 0;

  constructor(job: Job) {
    this.#job = job;
  }

  /** Throws a Stop if the upstream does not answer, or at the bounds of the turn. */
  async take(ids: readonly string[]): Promise<Taken> {
    const { deps, url } = this.#job;
    const { stored, refused } = await deps.unneeded([...new Set(ids)], url);
    const missing = new Set(ids.filter((id) => !stored.has(id) && !refused.has(id) && !this.#queued.has(id)));
    await this.#fetch([...missing]);
    return { here: stored, queued: this.#queued };
  }

  async #fetch(missing: string[]): Promise<void> {
    for (let left = missing; left.length > 0;) {
      const asked = left.slice(0, Math.min(this.#mostIds, this.#job.limits.most));
      const others = left.slice(asked.length);
      const inquiry = await inquire(this.#job, { ids: asked, limit: asked.length }, new Set());
      const came = new Set(inquiry.page.wanted.map((event) => (event as { id: string }).id));
      for (const id of inquiry.queued) this.#queued.add(id);
      for (const event of inquiry.page.wanted)
        if (this.#job.deps.queued.has(event)) this.#queued.add((event as { id: string }).id);
      this.#sent += came.size;
      const fewer = fewerIds(inquiry, asked.length);
      if (fewer !== undefined) {
        this.#mostIds = fewer;
        continue;
      }
      const isOver = !isBroken(inquiry.answer.ending);
      if (!isOver && (came.size === 0 || !isCut(inquiry))) throw stopAfter(inquiry) ?? stopFor(inquiry);
      if (came.size === 0) this.#withheld += asked.length;
      if (this.#withheld > MANY_WITHHELD && this.#withheld > this.#sent)
        throw new Stop("the upstream does not send the events that it lists");
      // The rest is asked for again, as long as something comes: an upstream may give fewer events than it announces.
      left = came.size === 0 ? others : [...others, ...asked.filter((id) => !came.has(id))];
    }
  }
}

/** Returns how many ids to ask for at once, if the upstream refuses so many; undefined if it does not. */
function fewerIds({ answer, pause }: Inquiry, asked: number): number | undefined {
  const refusal = refusalIn(answer);
  if (refusal === undefined || pause !== undefined || answer.events.length > 0 || asked === 1)
    return undefined;
  return smallerLimit(refusal, asked) ?? Math.floor(asked / 2);
}

/** Whether the answer was only too long. */
function isCut({ answer: { ending } }: Inquiry): boolean {
  return ending.how === "cut" && ending.why === "size";
}
