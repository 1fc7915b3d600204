/** One of the two relays of a sync: what it has is compared, read by id, and added to. */
import { makeAuthEvent } from "nostr-tools/nip42";
import { finalizeEvent } from "nostr-tools/pure";
import type { Answer } from "../../aggregator/conversation/answer.ts";
import { isBroken, pauseIn, refusalIn, smallerLimit } from "../../aggregator/conversation/refusal.ts";
import type { SyncAnswer } from "../../aggregator/conversation/sync-message.ts";
import { converse, problemWith, type Sync, type Upstream } from "../../aggregator/conversation/upstream.ts";
import { type Event, idOf } from "../../nostr/event.ts";
import type { Answer as StoreAnswer } from "../move/import-events.ts";
import { note, oneLine } from "../shared/printing.ts";
import { lengthOf } from "../shared/units.ts";
import { CommandError } from "../shared/usage.ts";
import { RelayDestination } from "./relay-destination.ts";
import { readSecretKey } from "./secret-key.ts";
import { upstreamSocket } from "./upstream-socket.ts";

interface Options {
  auth: boolean;
  /** In milliseconds, for the connection and for each answer. */
  timeout: number | undefined;
  /** What is synced, as NIP-01 writes it. */
  filter: Record<string, unknown>;
}

/** So often in a row a question for events may fail. */
const ATTEMPTS = 5;
const LONGEST_PAUSE_SECONDS = 60;
const RECONNECTED: SyncAnswer = { ending: { how: "disconnected", reason: "it was connected again" } };

export class SyncedRelay {
  readonly url: string;
  readonly #options: Options;
  readonly #destination: RelayDestination;
  #upstream: Promise<ReturnType<typeof converse>> | undefined;
  #wasOpen = false;
  /** Ids in one question. A relay may accept fewer. */
  #mostIds = Infinity;

  constructor(url: string, options: Options) {
    this.url = url;
    this.#options = options;
    this.#destination = new RelayDestination(url, options);
  }

  /** Connects. Rejects if nothing answers there, or if it does not accept the authentication. */
  async reach(): Promise<void> {
    await this.#connect();
  }

  /** Begins a reconciliation. What the relay refuses is an ending; a missing authentication is thrown. */
  sync(filter: Record<string, unknown>): Sync {
    let sync: Sync | undefined;
    let connection: Upstream | undefined;
    return {
      send: async (message) => {
        const answer = await this.#use(async (upstream) => {
          // The relay has forgotten the reconciliation of a connection that has ended.
          if (connection && connection !== upstream) return RECONNECTED;
          connection = upstream;
          sync ??= upstream.sync(filter);
          return sync.send(message, this.#options.timeout);
        });
        if (answer === undefined) return { ending: { how: "disconnected", reason: "it cannot be reached" } };
        if (answer.ending.how === "auth") throw this.#unauthenticated(answer.ending.reason);
        return answer;
      },
      close: () => sync?.close(),
    };
  }

  /** Returns the events of these ids that it sends, unchecked. Rejects if it does not answer. */
  async fetch(ids: readonly string[]): Promise<unknown[]> {
    const wanted = new Set(ids);
    const found = new Map<string, unknown>();
    let failures = 0;
    for (let left = [...ids]; left.length > 0;) {
      const asked = left.slice(0, this.#mostIds);
      const answer = await this.#use((upstream) =>
        upstream.ask({ ids: asked, limit: asked.length }, this.#options.timeout),
      );
      const before = found.size;
      for (const event of answer?.events ?? []) {
        const id = idOf(event);
        if (id !== undefined && wanted.has(id)) found.set(id, event);
      }
      const hasCome = found.size > before;
      if (hasCome) failures = 0;
      const isWhole = answer !== undefined && !isBroken(answer.ending);
      const missing = left.filter((id) => !found.has(id));
      // It may send fewer events than it was asked for: the rest is asked for again, as long as something comes.
      left = isWhole && !hasCome ? missing.filter((id) => !asked.includes(id)) : missing;
      if (isWhole || hasCome || this.#askFewer(answer, asked.length)) continue;
      failures += 1;
      await this.#waitAfter(answer, failures);
    }
    return [...found.values()];
  }

  store(events: Event[]): Promise<StoreAnswer[]> {
    return this.#destination.store(events);
  }

  async close(): Promise<void> {
    await this.#destination.close();
    const upstream = await this.#upstream?.catch(() => undefined);
    upstream?.close();
  }

  /** Returns whether it was asked for too much at once. Then it is asked for less from now on. */
  #askFewer(answer: Answer | undefined, asked: number): boolean {
    const refusal = answer && refusalIn(answer);
    if (refusal === undefined || asked === 1 || pauseIn(refusal) !== undefined) return false;
    this.#mostIds = smallerLimit(refusal, asked) ?? Math.floor(asked / 2);
    return true;
  }

  async #waitAfter(answer: Answer | undefined, failures: number): Promise<void> {
    if (answer?.ending.how === "auth") throw this.#unauthenticated(answer.ending.reason);
    const why = answer ? oneLine(problemWith(answer.ending, answer.notice)) : "it cannot be reached";
    if (failures === ATTEMPTS) throw new CommandError(`${this.url} does not send its events: ${why}`);
    const refusal = answer && refusalIn(answer);
    await this.pause(why, refusal === undefined ? undefined : pauseIn(refusal), failures);
  }

  /** Waits before something is tried again: as long as the relay says, or longer with each attempt, from 1. */
  async pause(why: string, asked: number | undefined, attempt: number): Promise<void> {
    const seconds = Math.min(LONGEST_PAUSE_SECONDS, asked ?? 2 ** (attempt - 1));
    note(`${this.url}: ${why}; trying again in ${lengthOf(seconds)}`);
    await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
  }

  /** Asks over the connection. Undefined if there is none any more and no new one can be opened now. */
  async #use<T extends { ending: { how: string } }>(
    ask: (upstream: Upstream) => Promise<T>,
  ): Promise<T | undefined> {
    const connection = this.#connect();
    let upstream: Upstream;
    try {
      upstream = await connection;
    } catch (error) {
      // The relay was there before: it may come back.
      if (this.#wasOpen && error instanceof CommandError) return undefined;
      throw error;
    }
    const answer = await ask(upstream);
    const isOver = answer.ending.how === "disconnected" && answer !== RECONNECTED;
    if (isOver && this.#upstream === connection) this.#upstream = undefined;
    return answer;
  }

  #connect(): Promise<ReturnType<typeof converse>> {
    this.#upstream ??= this.#open().catch((error: unknown) => {
      this.#upstream = undefined;
      throw error;
    });
    return this.#upstream;
  }

  async #open(): Promise<ReturnType<typeof converse>> {
    const { auth, timeout, filter } = this.#options;
    const secret = auth ? readSecretKey() : undefined;
    const upstream = converse(await upstreamSocket(this.url, timeout), {
      sign: secret && ((challenge) => finalizeEvent(makeAuthEvent(this.url, challenge), secret)),
    });
    if (auth) {
      // A relay may send its challenge with the first answer that authentication would change.
      await upstream.ask({ ...filter, limit: 1 }, timeout);
      const problem = await upstream.answerChallenge();
      if (problem !== undefined) throw new CommandError(`${this.url}: ${oneLine(problem)}`);
    }
    this.#wasOpen = true;
    return upstream;
  }

  #unauthenticated(reason: string): CommandError {
    const why = this.#options.auth ? oneLine(reason) : "it wants authentication (use --auth to authenticate)";
    return new CommandError(`${this.url}: ${why}`);
  }
}
