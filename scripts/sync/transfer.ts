/** Brings events that one relay lacks there, in batches. Holds ids, and the events of one batch. */
import { Candidate } from "../../nostr/candidate.ts";
import { type Event, idOf, parseEvent } from "../../nostr/event.ts";
import { forgeryOf, type Verify } from "../../nostr/signature.ts";
import { nativeEventId } from "../../platforms/event-id.ts";
import type { Destination } from "../move/import-events.ts";
import type { Tally } from "../move/tally.ts";

export interface TransferOptions {
  /** The direction, as messages name it. */
  name: string;
  /** Gets the events of these ids, unchecked, from the relay that has them. It may not send all. */
  fetch(ids: string[]): Promise<unknown[]>;
  destination: Destination;
  tally: Tally;
  verify: Verify;
  /** Whether an event is one of those that are synced. */
  matches(candidate: Candidate): boolean;
  /** Called, instead of a transfer, with ids that would be transferred. */
  dry?: ((ids: string[]) => Promise<void>) | undefined;
}

const BATCH = 200;

export class Transfer {
  readonly #options: TransferOptions;
  #waiting: string[] = [];

  constructor(options: TransferOptions) {
    this.#options = options;
  }

  /** Transfers whole batches of what waits and of these ids. */
  async take(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#waiting.push(id);
    while (this.#waiting.length >= BATCH) await this.#move(this.#waiting.splice(0, BATCH));
  }

  /** Transfers what waits. */
  async finish(): Promise<void> {
    const rest = this.#waiting;
    this.#waiting = [];
    if (rest.length > 0) await this.#move(rest);
  }

  /** Transfers events that are here already. They are not checked yet. */
  async store(events: readonly unknown[]): Promise<void> {
    const { name, dry, destination, tally } = this.#options;
    const valid = events.map((value) => this.#check(value)).filter((event) => event !== undefined);
    if (dry) return dry(valid.map(({ id }) => id));
    const answers = valid.length === 0 ? [] : await destination.store(valid);
    for (const [at, answer] of answers.entries()) {
      if (answer.kind === "refused") tally.refuse(`${name}: event ${valid[at]?.id}`, answer.reason);
      else tally.add(answer.kind);
    }
  }

  async #move(some: string[]): Promise<void> {
    const ids = new Set(some);
    const { fetch, dry, tally } = this.#options;
    if (dry) return dry([...ids]);
    const events = await fetch([...ids]);
    const sent = events.filter((event) => ids.delete(idOf(event) ?? ""));
    for (const _id of ids) tally.add("withheld");
    await this.store(sent);
  }

  #check(value: unknown): Event | undefined {
    const { name, verify, matches, tally } = this.#options;
    const parsed = parseEvent(value);
    const invalid = parsed.ok ? forgeryOf(parsed.event, verify, nativeEventId) : parsed.reason;
    if (parsed.ok && invalid === undefined && matches(new Candidate(parsed.event))) return parsed.event;
    tally.refuse(`${name}: event ${idOf(value)}`, invalid ?? "it does not match the filter");
    return undefined;
  }
}
