/** What Watch does without its view: it subscribes, collects what comes, and says when to draw. */
import type { Event } from "../../nostr/event.ts";
import type { Profiles } from "../parts/profile.ts";
import { ProfileLoader } from "../shared/profile-loader.ts";
import {
  type Authenticator,
  type ConnectionState,
  RelayConnection,
  type Subscription,
} from "../shared/relay-connection.ts";
import { Feed } from "./feed.ts";
import { Rate } from "./rate.ts";

/** How many stored events a page begins with. */
const FIRST_EVENTS = 50;
/** A relay that is slow with its stored events does not keep live ones from the page. */
const STORED_PATIENCE_MILLISECONDS = 5000;
/** People cannot read faster, and each drawing takes time from scrolling. */
const BETWEEN_DRAWINGS_MILLISECONDS = 200;

/** Why new events wait: the person has said so, has scrolled down, has the focus in the list, or holds it. */
export type Hold = "paused" | "scrolled" | "focused" | "touched";

export class Live {
  readonly feed = new Feed();
  readonly rate = new Rate();
  connection: ConnectionState = { kind: "connecting" };
  /** The relay's refusal of the subscription, in its words. */
  refusal: string | undefined;
  /** The latest message of the relay to the person. */
  notice: string | undefined;
  /** Whether stored events are still to come. */
  isLoading = true;
  readonly #relay: RelayConnection;
  readonly #names: ProfileLoader;
  readonly #draw: () => void;
  readonly #holds = new Set<Hold>();
  #filter: object | undefined;
  #subscription: Subscription | undefined;
  #stored: [event: Event, size: number][] = [];
  #storedTimer: ReturnType<typeof setTimeout> | undefined;
  #drawnAt = 0;
  #isDrawing = false;

  constructor(url: string, draw: () => void) {
    this.#draw = draw;
    this.#relay = new RelayConnection(url, {
      onState: (state) => {
        this.connection = state;
        // Called by the constructor too, before there is anything to draw.
        if (state.kind === "open") this.#expectStored();
        this.schedule();
      },
      // The relay has answered a stranger, if it has answered.
      onAuthenticated: () => {
        if (this.#filter) this.watch(this.#filter);
      },
      onNotice: (text) => {
        this.notice = text;
        this.schedule();
      },
    });
    this.#names = new ProfileLoader(this.#relay, () => this.schedule());
  }

  get profiles(): Profiles {
    return this.#names.profiles;
  }

  get isHeld(): boolean {
    return this.#holds.size > 0;
  }

  get isPaused(): boolean {
    return this.#holds.has("paused");
  }

  /** Shows what matches this filter, and nothing else. */
  watch(filter: object): void {
    this.#filter = filter;
    this.#subscription?.close();
    this.feed.clear();
    this.refusal = undefined;
    this.notice = undefined;
    this.#expectStored();
    this.#subscription = this.#relay.subscribe([{ ...filter, limit: FIRST_EVENTS }], {
      onEvent: (event, size) => this.#receive(event, size),
      onStored: () => this.#endStored(),
      onClosed: (reason) => {
        this.refusal = reason;
        this.#endStored();
      },
    });
    this.schedule();
  }

  /** Ends the subscription. */
  stop(): void {
    this.#filter = undefined;
    this.#subscription?.close();
    this.feed.clear();
    this.isLoading = false;
    this.schedule();
  }

  /** Asks again: connects at once if it waits, or repeats what the relay has refused. */
  retry(): void {
    this.#relay.retry();
    if (this.refusal !== undefined && this.#filter) this.watch(this.#filter);
  }

  /** Undefined: nobody is signed in any more, and what only that person may see goes away. */
  authenticate(signer: Authenticator | undefined): void {
    if (!this.#relay.authenticate(signer)) return;
    this.#relay.retry();
    if (this.#filter && (signer === undefined || this.refusal !== undefined)) this.watch(this.#filter);
  }

  hold(reason: Hold, isHeld: boolean): void {
    if (this.#holds.has(reason) === isHeld) return;
    if (isHeld) this.#holds.add(reason);
    else this.#holds.delete(reason);
    this.schedule();
  }

  /** Shows what waits, no matter why. */
  resume(): void {
    this.#holds.clear();
    this.schedule();
  }

  wantNames(pubkeys: Iterable<string>): void {
    this.#names.want(pubkeys);
  }

  /** Draws in one of the next frames. A page that nobody sees gets no frames, and what comes meanwhile waits in the feed. */
  schedule(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    const wait = this.#drawnAt + BETWEEN_DRAWINGS_MILLISECONDS - performance.now();
    setTimeout(
      () =>
        requestAnimationFrame(() => {
          this.#isDrawing = false;
          this.#drawnAt = performance.now();
          if (!this.isHeld) this.feed.take();
          this.#draw();
        }),
      Math.max(0, wait),
    );
  }

  #receive(event: Event, size: number): void {
    if (this.isLoading) {
      this.#stored.push([event, size]);
      return;
    }
    if (!this.feed.add(event, size)) return;
    this.rate.add(performance.now());
    this.schedule();
  }

  /** Stored events come newest first, so they are collected until all are there. After a reconnection most are known. */
  #expectStored(): void {
    clearTimeout(this.#storedTimer);
    this.isLoading = true;
    this.#stored = [];
    this.#storedTimer = setTimeout(() => this.#endStored(), STORED_PATIENCE_MILLISECONDS);
  }

  #endStored(): void {
    clearTimeout(this.#storedTimer);
    for (const [event, size] of this.#stored.toReversed()) this.feed.add(event, size);
    this.#stored = [];
    this.isLoading = false;
    this.schedule();
  }
}
