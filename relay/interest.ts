/**
 * A hub's side of interest: it tells the switchboard what its subscriptions are filed under, one declaration at a
 * time. What is no longer wanted is told along with the next wish: meanwhile the hub is sent a little too much.
 */
import type { Declaration, DeclarationAnswer } from "./switchboard.ts";

/** Each failed one teaches which revision is late. */
const MOST_ATTEMPTS = 3;

export class Interest {
  private readonly hub: string;
  private readonly wanted: () => Iterable<string>;
  private readonly send: (declaration: Declaration) => Promise<DeclarationAnswer>;
  /** What the switchboard knows of us; undefined until it has been told everything once. */
  private declared: Set<string> | undefined;
  /** Grows with every declaration, over the lives of one hub too: the switchboard tells how far it has come. */
  private revision = 0;
  private running: Promise<DeclarationAnswer> | undefined;
  private next: Promise<DeclarationAnswer> | undefined;

  constructor(
    hub: string,
    wanted: () => Iterable<string>,
    send: (declaration: Declaration) => Promise<DeclarationAnswer>,
  ) {
    this.hub = hub;
    this.wanted = wanted;
    this.send = send;
  }

  /**
   * Resolves when the switchboard knows of all these keys; the answer is how far the log had come by then: later
   * events reach this hub, earlier ones may have passed it by. Zero when it knew them all along.
   */
  async cover(keys: string[]): Promise<number> {
    if (this.declared && keys.every((key) => this.declared?.has(key))) return 0;
    return (await this.declare()).head;
  }

  /** Tells what is wanted now. Callers that come while one declaration is under way share the next. */
  declare(): Promise<DeclarationAnswer> {
    if (!this.running) {
      this.running = this.run().finally(() => {
        this.running = undefined;
      });
      return this.running;
    }
    this.next ??= this.running
      .catch(() => undefined)
      .then(() => {
        this.next = undefined;
        return this.declare();
      });
    return this.next;
  }

  private async run(): Promise<DeclarationAnswer> {
    const wanted = new Set(this.wanted());
    const base = this.revision;
    const known = this.declared;
    this.declared = undefined;
    let answer: DeclarationAnswer | undefined;
    if (known && wanted.size > 0) {
      answer = await this.send({
        version: 1,
        hub: this.hub,
        base,
        revision: (this.revision += 1),
        add: [...wanted].filter((key) => !known.has(key)),
        remove: [...known].filter((key) => !wanted.has(key)),
      });
    }
    for (let attempts = 0; !answer?.accepted; attempts += 1) {
      if (attempts === MOST_ATTEMPTS) throw new Error(`the switchboard knows better what ${this.hub} wants`);
      this.revision = Math.max(this.revision, answer?.revision ?? 0) + 1;
      answer = await this.send({
        version: 1,
        hub: this.hub,
        revision: this.revision,
        add: [...wanted],
        remove: [],
      });
    }
    this.declared = wanted;
    return answer;
  }
}
