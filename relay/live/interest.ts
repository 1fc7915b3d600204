/**
 * A hub's side of interest: it declares to the switchboard the keys of its subscriptions, one declaration at a time. Keys that
 * are no longer wanted are sent with the next new key. Until then the hub gets a few events too many.
 */
import { SharedRun } from "../shared-run.ts";
import { KeyChanges, type Keys } from "./key-changes.ts";
import type { SubscriptionIndex } from "./subscription-index.ts";
import type { Declaration, DeclarationAnswer } from "./switchboard.ts";

/** Maximum number of attempts. Each failed one tells which revision is outdated. */
const MOST_ATTEMPTS = 3;

/** Maximum characters of the keys in one message. The platform's limit is 32 MiB. */
const MESSAGE_CHARACTERS = 4_000_000;

export class Interest {
  private readonly hub: string;
  private readonly wanted: Pick<SubscriptionIndex<unknown>, "isEmpty" | "keys">;
  private readonly send: (declaration: Declaration) => Promise<DeclarationAnswer>;
  /**
   * Changes that are not declared yet: keys, and whether they are wanted. Undefined: unknown, so declare everything.
   */
  private untold: KeyChanges | undefined;
  /** Increases with every declaration, also across restarts of a hub: the switchboard tells the last one. */
  private revision = 0;
  /** The end of the log at the latest declaration. */
  private head = 0;
  /** Whether the switchboard has no memory for this hub's keys. */
  isSentEverything = false;
  private readonly declaring = new SharedRun(() => this.tellChanges());

  constructor(
    hub: string,
    wanted: Pick<SubscriptionIndex<unknown>, "isEmpty" | "keys">,
    send: (declaration: Declaration) => Promise<DeclarationAnswer>,
  ) {
    this.hub = hub;
    this.wanted = wanted;
    this.send = send;
  }

  /** Call this for every key that becomes wanted or unwanted. */
  changed(condition: string, value: string, isWanted: boolean): void {
    this.untold?.add(condition, value, isWanted);
  }

  /**
   * Returns whether the switchboard knows all these keys. It goes on knowing them as long as they are wanted, so all later
   * events reach this hub.
   */
  knows(keys: Keys[]): boolean {
    return !this.declaring.current && this.hasTold(keys);
  }

  /**
   * Resolves when the switchboard knows all these keys, with the end of the log at that time or later. Later events reach
   * this hub; it may have missed earlier ones. Makes no declaration if one that others needed has the keys.
   */
  async cover(keys: Keys[]): Promise<number> {
    const { current } = this.declaring;
    if (!this.hasTold(keys)) await this.declare();
    else if (current) await current;
    return this.head;
  }

  /** Whether no later declaration is needed for these keys. One that has them may still be under way. */
  private hasTold(keys: Keys[]): boolean {
    const { untold } = this;
    return untold !== undefined && !keys.some((each) => untold.hasOneOf(each));
  }

  /** Declares the current interest. Callers during a declaration share the next one. */
  declare(): Promise<DeclarationAnswer> {
    return this.declaring.run();
  }

  private async tellChanges(): Promise<DeclarationAnswer> {
    const { untold } = this;
    try {
      if (untold && !this.wanted.isEmpty) {
        this.untold = new KeyChanges();
        const answer = await this.tell(untold, this.revision);
        if (answer.accepted) return answer;
      }
      for (let attempts = 0; attempts < MOST_ATTEMPTS; attempts += 1) {
        this.untold = new KeyChanges();
        const answer = await this.tell(allWanted(this.wanted.keys()));
        if (answer.accepted) return answer;
      }
      throw new Error(`the switchboard knows better what ${this.hub} wants`);
    } catch (error) {
      this.untold = undefined;
      throw error;
    }
  }

  /**
   * Declares keys, in as many messages as needed. `base` is the revision that they change; without it they are all
   * keys.
   */
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
      this.isSentEverything = answer.everything === true;
      if (answer.accepted) this.head = Math.max(this.head, answer.head);
      else this.revision = Math.max(this.revision, answer.revision);
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
    // Plus an allowance for the encoding of each key.
    characters += key.length + 10;
  }
  return messages;
}
