/** The answer to a REQ: the events that came, and how it ended. */
import { isHex64 } from "../../nostr/event.ts";
import { type Exchange, type Interruption, shortText, type Taken } from "./line.ts";

/** A filter as NIP-01 writes it. */
export interface Question {
  since?: number;
  until?: number;
  limit: number;
  ids?: readonly string[];
  authors?: readonly string[];
  kinds?: readonly number[];
  [tag: `#${string}`]: readonly string[];
}

export interface Answer {
  /**
   * At most as many as were asked for, in the order in which they came. An event with an id is unchanged and
   * unchecked; of others only created_at is kept.
   */
  events: unknown[];
  ending: Ending;
  /** The text of a NOTICE that came meanwhile. */
  notice?: string;
}

/** How an answer ended. Its events can be used, however it ended. */
export type Ending =
  /** EOSE. `isComplete`: the upstream says that these were all matches (NIP-67). */
  | { how: "eose"; isComplete: boolean }
  /** As many events came as were asked for. */
  | { how: "full" }
  /** CLOSED, with its reason. */
  | { how: "closed"; reason: string }
  /** The upstream wants authentication (NIP-42), which was not possible. */
  | { how: "auth"; reason: string }
  | Interruption;

/** Maximum characters that one answer keeps. Parsed, they may take fifteen times as much memory. */
export const MOST_CHARACTERS = 4_000_000;
const EVENT_FRAME = /^\s*\[\s*"EVENT"\s*,\s*"([^"]*)"/;
/** Matches only a field: inside a string, the quotes would be escaped. */
const CREATED_AT = /"created_at"\s*:\s*(\d+)/;

/** Returns the exchange of a REQ with the subscription `id`. It may take `within` milliseconds. */
export function requestExchange(id: string, question: Question, within: number): Exchange<Answer> {
  const events: unknown[] = [];
  let kept = 0;
  let notice: string | undefined;
  const end = (ending: Ending): { done: Answer } => ({
    done: { events, ending, ...(notice !== undefined && { notice }) },
  });

  function takeEvent(event: unknown, characters: number): Taken<Answer> {
    if (typeof event !== "object" || event === null) return "more";
    if ("id" in event && isHex64(event.id)) {
      kept += characters;
      if (kept > MOST_CHARACTERS) return end({ how: "cut", why: "size" });
      events.push(event);
    } else if ("created_at" in event && Number.isSafeInteger(event.created_at)) {
      // An event without an id cannot be stored. The next page needs only its time, to go past it.
      events.push({ created_at: event.created_at });
    }
    // Some upstreams send no EOSE, and some send more than was asked for.
    return events.length < question.limit ? "more" : end({ how: "full" });
  }

  return {
    message: ["REQ", id, question],
    within,
    take(message, frame) {
      if (message[0] === "NOTICE") notice = shortText(message[1]);
      if (message[1] !== id) return undefined;
      if (message[0] === "EVENT") return takeEvent(message[2], frame.length);
      if (message[0] === "EOSE")
        return end({ how: "eose", isComplete: Array.isArray(message[2]) && message[2].includes("finish") });
      return message[0] === "CLOSED" ? end({ how: "closed", reason: shortText(message[2]) }) : undefined;
    },
    takeUnparsed(frame) {
      if (EVENT_FRAME.exec(frame)?.[1] !== id) return undefined;
      // Only the time of an event that is too long or too deeply nested to be stored. The next page goes past it.
      return takeEvent({ created_at: Number(CREATED_AT.exec(frame)?.[1]) }, 0);
    },
    interrupted: (ending) => end(ending).done,
  };
}
