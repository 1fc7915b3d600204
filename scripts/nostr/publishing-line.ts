/** A connection on which many events are published at once. */
import { makeAuthEvent } from "nostr-tools/nip42";
import { finalizeEvent } from "nostr-tools/pure";
import type { Event } from "../../nostr/event.ts";
import { oneLine } from "../shared/printing.ts";
import { CommandError } from "../shared/usage.ts";
import { type Conversation, noteNotice, openConversation, textOf } from "./conversation.ts";
import type { Ok } from "./retrying-destination.ts";
import { readSecretKey } from "./secret-key.ts";

/** The answer to the same event, if it is published again before the first answer. */
const TWICE = "duplicate: it was published a moment ago";

interface Waiting {
  answer: Promise<Ok | undefined>;
  resolve(ok: Ok | undefined): void;
}

export class PublishingLine {
  private readonly conversation: Conversation;
  private readonly relay: string;
  private readonly silence: number;
  private readonly waiting = new Map<string, Waiting>();
  private authentication: Promise<void> | undefined;
  private heard = performance.now();
  /** Whether nothing can be sent any more. */
  isOver = false;
  /** Whether an authentication was sent and answered. */
  isProven = false;

  /** Connects. `timeout` is for the connection and for each answer, in milliseconds. */
  static async open(relay: string, timeout: number | undefined, silence: number): Promise<PublishingLine> {
    return new PublishingLine(await openConversation(relay, timeout), relay, silence);
  }

  private constructor(conversation: Conversation, relay: string, silence: number) {
    this.conversation = conversation;
    this.relay = relay;
    this.silence = silence;
    void this.listen();
  }

  /** Resolves with the answer; undefined if the connection ends, or is silent for too long, before the answer comes. */
  publish(event: Event): Promise<Ok | undefined> {
    return this.ask("EVENT", event);
  }

  /** Authenticates with the challenge that the relay has sent (NIP-42), once. Rejects if it sent none, or refuses. */
  authenticate(): Promise<void> {
    return (this.authentication ??= this.prove());
  }

  /** Whether the relay has sent a challenge. */
  get isAsked(): boolean {
    return this.conversation.challenge() !== undefined;
  }

  private async prove(): Promise<void> {
    const challenge = this.conversation.challenge();
    if (challenge === undefined) throw new CommandError("the relay did not ask for authentication");
    const proof = finalizeEvent(makeAuthEvent(this.relay, challenge), readSecretKey());
    const ok = await this.ask("AUTH", proof);
    this.isProven = true;
    if (ok && !ok.accepted)
      throw new CommandError(`the relay did not accept the authentication: ${oneLine(ok.message)}`);
  }

  close(): void {
    this.conversation.close();
    this.end();
  }

  private ask(verb: "EVENT" | "AUTH", event: Event): Promise<Ok | undefined> {
    const same = this.waiting.get(event.id);
    if (same) return same.answer.then((ok) => (ok?.accepted ? { accepted: true, message: TWICE } : ok));
    if (this.isOver) return Promise.resolve(undefined);
    const { promise, resolve } = Promise.withResolvers<Ok | undefined>();
    this.waiting.set(event.id, { answer: promise, resolve });
    this.conversation.send([verb, event]);
    if (this.waiting.size === 1) void this.watch();
    return promise;
  }

  private async listen(): Promise<void> {
    for (;;) {
      const message = await this.conversation.receive();
      this.heard = performance.now();
      if (!message) return this.end();
      const [verb, first, accepted, reason] = message;
      if (verb === "NOTICE") noteNotice(first);
      if (verb !== "OK" || typeof first !== "string") continue;
      this.waiting.get(first)?.resolve({ accepted: accepted === true, message: textOf(reason) });
      this.waiting.delete(first);
    }
  }

  /** Ends a connection that is silent while answers are expected. */
  private async watch(): Promise<void> {
    this.heard = performance.now();
    while (this.waiting.size > 0 && !this.isOver) {
      const left = this.silence - (performance.now() - this.heard);
      if (left <= 0) return this.close();
      await new Promise<void>((resolve) => setTimeout(resolve, Math.min(left + 1, 250)));
    }
  }

  private end(): void {
    this.isOver = true;
    for (const { resolve } of this.waiting.values()) resolve(undefined);
    this.waiting.clear();
  }
}
