/**
 * A hub's side of interest: it tells the switchboard what its subscriptions are filed under, one declaration at a
 * time. What is no longer wanted is told along with the next wish: meanwhile the hub is sent a little too much.
 */
import type { SubscriptionIndex } from "./subscriptions.ts";
import type { Declaration, DeclarationAnswer } from "./switchboard.ts";

/** Each failed one teaches which revision is late. */
const MOST_ATTEMPTS = 3;

/** Of the keys in one message, of which the platform takes 32 MiB. */
const MESSAGE_CHARACTERS = 4_000_000;

export class Interest {
  private readonly hub: string;
  private readonly wanted: Pick<SubscriptionIndex<unknown>, "isEmpty" | "keys">;
  private readonly send: (declaration: Declaration) => Promise<DeclarationAnswer>;
  /** What the switchboard has not been told of: keys, and whether they are wanted. Undefined: anything may be. */
  private untold: Map<string, boolean> | undefined;
  /** Grows with every declaration, over the lives of one hub too: the switchboard tells how far it has come. */
  private revision = 0;
  private running: Promise<DeclarationAnswer> | undefined;
  private next: Promise<DeclarationAnswer> | undefined;

  constructor(
    hub: string,
    wanted: Pick<SubscriptionIndex<unknown>, "isEmpty" | "keys">,
    send: (declaration: Declaration) => Promise<DeclarationAnswer>,
  ) {
    this.hub = hub;
    this.wanted = wanted;
    this.send = send;
  }

  /** To be called for every key that comes to be wanted, or is not wanted any more. */
  changed(key: string, isWanted: boolean): void {
    // A change and its opposite are none.
    if (this.untold && !this.untold.delete(key)) this.untold.set(key, isWanted);
  }

  /**
   * Resolves when the switchboard knows of all these keys; the answer is how far the log had come by then: later
   * events reach this hub, earlier ones may have passed it by. Zero when it knew them all along.
   */
  async cover(keys: string[]): Promise<number> {
    const { untold } = this;
    if (untold && !this.running && !keys.some((key) => untold.has(key))) return 0;
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
    const { untold } = this;
    try {
      if (untold && !this.wanted.isEmpty) {
        this.untold = new Map();
        const answer = await this.tell(untold, this.revision);
        if (answer.accepted) return answer;
      }
      for (let attempts = 0; attempts < MOST_ATTEMPTS; attempts += 1) {
        this.untold = new Map();
        const answer = await this.tell(allWanted(this.wanted.keys()));
        if (answer.accepted) return answer;
      }
      throw new Error(`the switchboard knows better what ${this.hub} wants`);
    } catch (error) {
      this.untold = undefined;
      throw error;
    }
  }

  /** In as many messages as it takes. `base`: the revision that these are changes of; without it they are all. */
  private async tell(changes: Iterable<Change>, base?: number): Promise<DeclarationAnswer> {
    const messages = messagesOf(changes);
    for (let before = base; ; before = this.revision) {
      const { add, remove } = messages.shift() ?? NOTHING;
      this.revision += 1;
      const answer = await this.send({
        version: 1,
        hub: this.hub,
        ...(before !== undefined && { base: before }),
        revision: this.revision,
        add,
        remove,
        ...(base === undefined && messages.length > 0 && { partial: true }),
      });
      if (!answer.accepted) this.revision = Math.max(this.revision, answer.revision);
      if (!answer.accepted || messages.length === 0) return answer;
    }
  }
}

type Change = readonly [key: string, isWanted: boolean];
type Message = Pick<Declaration, "add" | "remove">;

const NOTHING: Message = { add: [], remove: [] };

function* allWanted(keys: Iterable<string>): Iterable<Change> {
  for (const key of keys) yield [key, true];
}

function messagesOf(changes: Iterable<Change>): Message[] {
  const messages: Message[] = [];
  let characters = Infinity;
  for (const [key, isWanted] of changes) {
    if (characters > MESSAGE_CHARACTERS) {
      messages.push({ add: [], remove: [] });
      characters = 0;
    }
    messages.at(-1)?.[isWanted ? "add" : "remove"].push(key);
    // With something for what a message says of each.
    characters += key.length + 10;
  }
  return messages;
}
