/** Stores events in a relay as a client does: with EVENT over WebSocket. */
import type { Event } from "../../nostr/event.ts";
import { CommandError } from "../shared/usage.ts";
import { PublishingLine } from "./publishing-line.ts";
import { type Again, type Answers, meaningOf, type Ok, RetryingDestination } from "./retrying-destination.ts";

interface RelayOptions {
  auth: boolean;
  /** In milliseconds, for the connection and for each answer. */
  timeout: number | undefined;
}

/** Maximum time without an answer. */
const SILENCE_MILLISECONDS = 30_000;

export class RelayDestination extends RetryingDestination {
  private readonly options: RelayOptions;
  private line: Promise<PublishingLine> | undefined;
  private wasOpen = false;

  constructor(relay: string, options: RelayOptions) {
    super(relay);
    this.options = options;
  }

  /** Connects. Rejects if nothing answers there. */
  async reach(): Promise<void> {
    await this.connect();
  }

  override async close(): Promise<void> {
    await super.close();
    const line = await this.line?.catch(() => undefined);
    line?.close();
  }

  protected async send(events: Event[], answers: Answers): Promise<Again | undefined> {
    const line = await this.connect().catch((error: unknown) => {
      // The relay was there before: it may come back.
      if (this.wasOpen && error instanceof CommandError) return error;
      throw error;
    });
    if (line instanceof CommandError) return { why: line.message, seconds: 0 };
    const open = [...events.entries()].filter(([at]) => !answers[at]);
    const oks = await Promise.all(open.map(async ([at, event]) => [at, await line.publish(event)] as const));
    let again: Again | undefined;
    let isProofMissing = false;
    for (const [at, ok] of oks) {
      if (!ok) again ??= { why: `${this.relay} ended the connection, or stopped answering`, seconds: 0 };
      else if (isUnproven(ok) && this.options.auth && !line.isProven) isProofMissing = true;
      else {
        const meaning = meaningOf(ok, this.options);
        if ("answer" in meaning) answers[at] = meaning.answer;
        else if (!again || meaning.again.seconds >= again.seconds) again = meaning.again;
      }
    }
    if (isProofMissing) await line.authenticate();
    return again;
  }

  /** Returns the connection. All batches share it, and the first that finds it ended opens the next one. */
  private async connect(): Promise<PublishingLine> {
    const shared = this.line;
    const line = await shared?.catch(() => undefined);
    if (line && !line.isOver) return line;
    if (this.line === shared) this.line = this.open();
    return this.line as Promise<PublishingLine>;
  }

  private async open(): Promise<PublishingLine> {
    const { timeout, auth } = this.options;
    const line = await PublishingLine.open(this.relay, timeout, timeout ?? SILENCE_MILLISECONDS);
    this.wasOpen = true;
    if (auth && line.isAsked) await line.authenticate();
    return line;
  }
}

function isUnproven({ accepted, message }: Ok): boolean {
  return !accepted && message.startsWith("auth-required:");
}
