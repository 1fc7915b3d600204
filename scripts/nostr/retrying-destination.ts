/** Stores events in a relay, again and again if it refuses only for now. */
import type { Event } from "../../nostr/event.ts";
import type { Answer } from "../move/import-events.ts";
import { note, oneLine } from "../shared/printing.ts";
import { lengthOf } from "../shared/units.ts";
import { CommandError } from "../shared/usage.ts";
import { refusal } from "./auth-option.ts";
import type { OpenDestination } from "./open-destination.ts";

/** The relay's answer to an event. */
export interface Ok {
  accepted: boolean;
  message: string;
}

/** Why events must be sent again. */
export interface Again {
  why: string;
  /** How long to wait, as the relay says. */
  seconds: number;
}

/** So often the same events are sent without any progress. */
const ATTEMPTS = 5;
const LONGEST_PAUSE_SECONDS = 60;

/** One place for each event; undefined until the answer is final. */
export type Answers = (Answer | undefined)[];

export abstract class RetryingDestination implements OpenDestination {
  protected readonly relay: string;
  private isClosed = false;

  constructor(relay: string) {
    this.relay = relay;
  }

  abstract reach(): Promise<void>;

  /** Sends the events that have no answer, and fills in the answers. Returns why some must be sent again. */
  protected abstract send(events: Event[], answers: Answers): Promise<Again | undefined>;

  /** Rejects if nothing at all can be stored. */
  async store(events: Event[]): Promise<Answer[]> {
    return this.insist(events, (open, answers) => this.send(open, answers));
  }

  /**
   * Sends items again that were not answered, or that the relay refuses only for now. So a relay may get one twice, which is
   * harmless. Rejects if the relay takes nothing at all.
   */
  protected async insist<Item>(
    items: Item[],
    send: (items: Item[], answers: Answers) => Promise<Again | undefined>,
  ): Promise<Answer[]> {
    const answers: Answers = items.map(() => undefined);
    for (let attempt = 1; ; attempt += 1) {
      const before = answers.filter(Boolean).length;
      const again = await send(items, answers);
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
      note(`${again.why}; trying again in ${lengthOf(Math.ceil(seconds))}`);
      await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
    }
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

function isComplete(answers: Answers): answers is Answer[] {
  return answers.every((one) => one !== undefined);
}

/** Returns what an answer means, or when to send the event again. */
export function meaningOf(ok: Ok, options: { auth: boolean }): { answer: Answer } | { again: Again } {
  const seconds = secondsUntilAgain(ok);
  return seconds === undefined
    ? { answer: answerOf(ok, options) }
    : { again: { why: oneLine(ok.message), seconds } };
}

/** Returns what an answer means that is final. */
export function answerOf({ accepted, message }: Ok, options: { auth: boolean }): Answer {
  if (!accepted) {
    // Some relays refuse what they have.
    if (message.startsWith("duplicate:")) return { kind: "duplicate" };
    return { kind: "refused", reason: refusal(message, options) };
  }
  // Such as a request to vanish that is for other relays.
  if (message.startsWith("mute:")) return { kind: "refused", reason: message };
  if (/newer/.test(message)) return { kind: "superseded" };
  return { kind: message.startsWith("duplicate") ? "duplicate" : "stored" };
}

function secondsUntilAgain({ accepted, message }: Ok): number | undefined {
  if (accepted) return undefined;
  if (message.startsWith("error:")) return 0;
  if (!message.startsWith("rate-limited:")) return undefined;
  return Number(/\b(\d{1,4}) ?s/.exec(message)?.[1] ?? 0);
}
