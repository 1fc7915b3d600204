/** The messages of a relay (NIP-01, NIP-42). They come from outside, so each is checked once, here. */
import { type Event, parseEvent } from "../../nostr/event.ts";

export type RelayMessage =
  | { verb: "EVENT"; subscription: string; event: Event }
  | { verb: "EOSE"; subscription: string }
  | { verb: "CLOSED"; subscription: string; reason: string }
  | { verb: "OK"; id: string; isAccepted: boolean; reason: string }
  | { verb: "NOTICE"; text: string }
  | { verb: "AUTH"; challenge: string };

/** Returns a message; undefined if it is none that a page understands. */
export function parseRelayMessage(frame: unknown): RelayMessage | undefined {
  const parts = typeof frame === "string" ? parseJson(frame) : undefined;
  if (!Array.isArray(parts)) return undefined;
  const [verb, first, second, third] = parts as unknown[];
  if (typeof first !== "string") return undefined;
  switch (verb) {
    case "EVENT": {
      const parsed = parseEvent(second);
      return parsed.ok ? { verb, subscription: first, event: parsed.event } : undefined;
    }
    case "EOSE":
      return { verb, subscription: first };
    case "CLOSED":
      return { verb, subscription: first, reason: textOf(second) };
    case "OK":
      return { verb, id: first, isAccepted: second === true, reason: textOf(third) };
    case "NOTICE":
      return { verb, text: first };
    case "AUTH":
      return { verb, challenge: first };
    default:
      return undefined;
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
