/** A connection to a relay that comes back by itself, with the subscriptions that it has. */
import type { Event } from "../../nostr/event.ts";
import { AUTH } from "../../nostr/kinds.ts";
import { backoff } from "./backoff.ts";
import { parseRelayMessage, type RelayMessage } from "./relay-message.ts";

export type ConnectionState =
  | { kind: "connecting" }
  | { kind: "open" }
  /** It was lost or could not be opened. `until` is when the next attempt begins, in milliseconds since 1970. */
  | { kind: "waiting"; until: number }
  | { kind: "closed" };

export interface SubscriptionHandlers {
  /** `size` is the length of the message, in characters. */
  onEvent(event: Event, size: number): void;
  /** All stored events have come. It is called again after each reconnection. */
  onStored?(): void;
  /** The relay has ended the subscription. */
  onClosed?(reason: string): void;
}

export interface Subscription {
  close(): void;
}

/** Signs an authentication (NIP-42). */
export interface Authenticator {
  sign(template: Pick<Event, "kind" | "created_at" | "tags" | "content">): Promise<Event>;
}

type Socket = Pick<WebSocket, "send" | "close" | "addEventListener" | "readyState">;

export interface ConnectionOptions {
  onState?(state: ConnectionState): void;
  /** The relay has accepted an authentication. */
  onAuthenticated?(): void;
  /** The relay says something to the person. */
  onNotice?(text: string): void;
  dial?(url: string): Socket;
}

interface OpenSubscription {
  id: string;
  filters: object[];
  handlers: SubscriptionHandlers;
  /** Why the relay refuses it until the person has authenticated. */
  refusal?: string | undefined;
}

const OPEN = 1;

export class RelayConnection {
  state: ConnectionState = { kind: "connecting" };
  readonly #url: string;
  readonly #options: ConnectionOptions;
  readonly #subscriptions = new Map<string, OpenSubscription>();
  #socket: Socket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #lastId = 0;
  #challenge: string | undefined;
  #authenticator: Authenticator | undefined;
  /** The id of the latest authentication. */
  #authentication: string | undefined;
  /** Whether the signer or the relay still has to answer. */
  #isAuthenticating = false;

  constructor(url: string, options: ConnectionOptions = {}) {
    this.#url = url;
    this.#options = options;
    this.#connect();
  }

  subscribe(filters: object[], handlers: SubscriptionHandlers): Subscription {
    this.#lastId += 1;
    const subscription = { id: `s${this.#lastId}`, filters, handlers };
    this.#subscriptions.set(subscription.id, subscription);
    this.#request(subscription);
    return {
      close: () => {
        if (this.#subscriptions.delete(subscription.id)) this.#send(["CLOSE", subscription.id]);
      },
    };
  }

  /**
   * Answers the relay's challenges with this signer from now on. Without one, it connects again: a connection stays authenticated.
   * Returns whether that changes anything.
   */
  authenticate(authenticator: Authenticator | undefined): boolean {
    if (authenticator === this.#authenticator) return false;
    this.#authenticator = authenticator;
    if (authenticator) void this.#answerChallenge();
    else this.#reconnect();
    return true;
  }

  /** Connects now rather than after the wait. */
  retry(): void {
    if (this.state.kind !== "waiting") return;
    clearTimeout(this.#timer);
    this.#connect();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#subscriptions.clear();
    const socket = this.#socket;
    this.#socket = undefined;
    this.#change({ kind: "closed" });
    socket?.close();
  }

  #reconnect(): void {
    if (this.state.kind === "closed") return;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    this.#connect();
    socket?.close();
  }

  #connect(): void {
    this.#change({ kind: "connecting" });
    const socket = (this.#options.dial ?? ((url) => new WebSocket(url)))(this.#url);
    this.#socket = socket;
    this.#challenge = undefined;
    this.#isAuthenticating = false;
    socket.addEventListener("open", () => {
      if (this.#socket !== socket) return;
      this.#change({ kind: "open" });
      for (const subscription of this.#subscriptions.values()) this.#request(subscription);
    });
    socket.addEventListener("message", ({ data }) => {
      if (this.#socket !== socket) return;
      const message = parseRelayMessage(data);
      if (message) this.#receive(message, (data as string).length);
    });
    socket.addEventListener("close", () => {
      if (this.#socket === socket) this.#wait();
    });
  }

  #wait(): void {
    this.#socket = undefined;
    this.#failures += 1;
    const delay = backoff(this.#failures, Math.random());
    this.#timer = setTimeout(() => this.#connect(), delay);
    this.#change({ kind: "waiting", until: Date.now() + delay });
  }

  #receive(message: RelayMessage, size: number): void {
    switch (message.verb) {
      case "EVENT":
        this.#subscriptions.get(message.subscription)?.handlers.onEvent(message.event, size);
        return;
      case "EOSE":
        // Only an answer shows that the relay works. One that accepts connections and drops them is not asked more often.
        this.#failures = 0;
        this.#subscriptions.get(message.subscription)?.handlers.onStored?.();
        return;
      case "CLOSED":
        this.#refused(message.subscription, message.reason);
        return;
      case "NOTICE":
        this.#options.onNotice?.(message.text);
        return;
      case "AUTH":
        this.#challenge = message.challenge;
        void this.#answerChallenge();
        return;
      case "OK":
        if (message.id === this.#authentication) this.#authenticated(message.isAccepted, message.reason);
        return;
    }
  }

  #refused(id: string, reason: string): void {
    const subscription = this.#subscriptions.get(id);
    if (!subscription) return;
    if (this.#isAuthenticating && reason.startsWith("auth-required:")) {
      subscription.refusal = reason;
      return;
    }
    this.#subscriptions.delete(id);
    subscription.handlers.onClosed?.(reason);
  }

  async #answerChallenge(): Promise<void> {
    const [challenge, authenticator] = [this.#challenge, this.#authenticator];
    if (challenge === undefined || !authenticator) return;
    this.#isAuthenticating = true;
    try {
      const event = await authenticator.sign({
        kind: AUTH,
        created_at: Math.floor(Date.now() / 1000),
        tags: [
          ["relay", this.#url],
          ["challenge", challenge],
        ],
        content: "",
      });
      if (challenge !== this.#challenge) return;
      this.#authentication = event.id;
      this.#send(["AUTH", event]);
    } catch (error) {
      this.#authenticated(false, error instanceof Error ? error.message : String(error));
    }
  }

  /** Asks again for what was refused, or gives it up. */
  #authenticated(isAccepted: boolean, reason: string): void {
    this.#isAuthenticating = false;
    if (isAccepted) this.#options.onAuthenticated?.();
    for (const subscription of this.#subscriptions.values()) {
      const { id, refusal } = subscription;
      if (refusal === undefined) continue;
      subscription.refusal = undefined;
      if (isAccepted) {
        this.#request(subscription);
        continue;
      }
      this.#subscriptions.delete(id);
      subscription.handlers.onClosed?.(reason || refusal);
    }
  }

  #request({ id, filters }: OpenSubscription): void {
    this.#send(["REQ", id, ...filters]);
  }

  /** Sends a message if the connection is open. Subscriptions are sent again when it opens. */
  #send(message: unknown[]): void {
    if (this.#socket?.readyState === OPEN) this.#socket.send(JSON.stringify(message));
  }

  #change(state: ConnectionState): void {
    this.state = state;
    this.#options.onState?.(state);
  }
}
