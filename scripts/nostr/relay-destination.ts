/** Stores events in a relay as a client does: with EVENT over WebSocket. */
import type { Event } from "../../nostr/event.ts";
import type { Answer, Destination } from "../move/import-events.ts";
import { note, oneLine } from "../shared/printing.ts";
import { lengthOf } from "../shared/units.ts";
import { CommandError } from "../shared/usage.ts";
import { refusal } from "./auth-option.ts";
import { type Ok, PublishingLine } from "./publishing-line.ts";

interface RelayOptions {
  auth: boolean;
  /** In milliseconds, for the connection and for each answer. */
  timeout: number | undefined;
}

/** Maximum time without an answer. */
const SILENCE_MILLISECONDS = 30_000;
/** So often the same events are sent without any progress. */
const ATTEMPTS = 5;
const LONGEST_PAUSE_SECONDS = 60;

/** Why events must be sent again. */
interface Again {
  why: string;
  /** How long to wait, as the relay says. */
  seconds: number;
}

export class RelayDestination implements Destination {
  private readonly relay: string;
  private readonly options: RelayOptions;
  private line: Promise<PublishingLine> | undefined;
  private wasOpen = false;
  private isClosed = false;

  constructor(relay: string, options: RelayOptions) {
    this.relay = relay;
    this.options = options;
  }

  /** Connects. Rejects if nothing answers there. */
  async reach(): Promise<void> {
    await this.connect();
  }

  /**
   * Sends events again that were not answered, or that the relay refuses only for now. So a relay may get an event twice, which
   * is harmless. Rejects if nothing at all can be stored.
   */
  async store(events: Event[]): Promise<Answer[]> {
    const answers: (Answer | undefined)[] = events.map(() => undefined);
    const isComplete = (all: (Answer | undefined)[]): all is Answer[] =>
      all.every((one) => one !== undefined);
    for (let attempt = 1; ; attempt += 1) {
      const before = answers.filter(Boolean).length;
      const again = await this.send(events, answers);
      if (isComplete(answers)) return answers;
      // Only an authentication was missing.
      if (!again) continue;
      if (this.isClosed) throw new CommandError("the import has ended");
      const answered = answers.filter(Boolean).length;
      if (answered > before) attempt = 1;
      if (attempt === ATTEMPTS) {
        if (answered === 0) throw new CommandError(`nothing can be stored in ${this.relay}: ${again.why}`);
        return answers.map((answer) => answer ?? { kind: "refused", reason: again.why });
      }
      const seconds = Math.min(LONGEST_PAUSE_SECONDS, Math.max(again.seconds, 0.5 * 2 ** (attempt - 1)));
      note(`${again.why}; trying again in ${lengthOf(seconds)}`);
      await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
    const line = await this.line?.catch(() => undefined);
    line?.close();
  }

  /** Sends the events that have no answer, and fills in the answers. Returns why some must be sent again. */
  private async send(events: Event[], answers: (Answer | undefined)[]): Promise<Again | undefined> {
    const line = await this.connect().catch((error: unknown) => {
      // The relay was there before: it may come back.
      if (this.wasOpen && error instanceof CommandError) return error;
      throw error;
    });
    if (line instanceof CommandError) return { why: line.message, seconds: 0 };
    const open = [...events.entries()].filter(([at]) => !answers[at]);
    const oks = await Promise.all(open.map(async ([at, event]) => [at, await line.publish(event)] as const));
    let again: Again | undefined;
    let unproven = false;
    for (const [at, ok] of oks) {
      if (!ok) again ??= { why: `${this.relay} ended the connection, or stopped answering`, seconds: 0 };
      else if (isUnproven(ok) && this.options.auth && !line.isProven) unproven = true;
      else {
        const seconds = secondsUntilAgain(ok);
        if (seconds === undefined) answers[at] = this.answerOf(ok);
        else again = { why: oneLine(ok.message), seconds: Math.max(seconds, again?.seconds ?? 0) };
      }
    }
    if (unproven) await line.authenticate();
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

  private answerOf({ accepted, message }: Ok): Answer {
    if (!accepted) {
      // Some relays refuse what they have.
      if (message.startsWith("duplicate:")) return { kind: "duplicate" };
      return { kind: "refused", reason: refusal(message, this.options) };
    }
    if (/^(duplicate|replaced):.*newer|newer version/.test(message)) return { kind: "superseded" };
    return { kind: message.startsWith("duplicate") ? "duplicate" : "stored" };
  }
}

function isUnproven({ accepted, message }: Ok): boolean {
  return !accepted && message.startsWith("auth-required:");
}

/** Returns how long to wait until a refused event may be sent again; undefined if the answer is final. */
function secondsUntilAgain({ accepted, message }: Ok): number | undefined {
  if (accepted) return undefined;
  if (message.startsWith("error:")) return 0;
  if (!message.startsWith("rate-limited:")) return undefined;
  return Number(/\b(\d{1,4}) ?s/.exec(message)?.[1] ?? 0);
}
