/** Frames in both directions (NIP-01, NIP-42, NIP-67). */
import { type Filter, parseFilter } from "./filter.ts";

/** The machine-readable words that start an OK or a CLOSED. */
export type Prefix =
  | "duplicate"
  | "pow"
  | "blocked"
  | "rate-limited"
  | "invalid"
  | "restricted"
  | "mute"
  | "error"
  | "auth-required"
  | "unsupported";

export type ClientMessage =
  | { verb: "EVENT"; event: unknown }
  | { verb: "AUTH"; event: unknown }
  | { verb: "REQ"; subscription: string; filters: Filter[] }
  | { verb: "CLOSE"; subscription: string };

export type ParsedMessage =
  | { ok: true; message: ClientMessage }
  /** `answer` tells the client what is wrong; with `subscription` it is a CLOSED, and ends that subscription. */
  | { ok: false; answer: string; subscription?: string };

/** At most this many characters in a subscription id (NIP-01). */
export const MAX_SUBSCRIPTION_ID = 64;

export function parseMessage(frame: string): ParsedMessage {
  let parts: unknown;
  try {
    parts = JSON.parse(frame);
  } catch {
    return { ok: false, answer: noticeFrame("invalid: a message is a JSON array, and this is not JSON") };
  }
  if (!Array.isArray(parts)) return { ok: false, answer: noticeFrame("invalid: a message is a JSON array") };
  const verb: unknown = parts[0];
  switch (verb) {
    case "EVENT":
    case "AUTH":
      return { ok: true, message: { verb, event: parts[1] } };
    case "REQ":
      return parseRequest(parts[1], parts.slice(2));
    case "CLOSE":
      if (!isSubscriptionId(parts[1])) return { ok: false, answer: noticeFrame(UNUSABLE_ID) };
      return { ok: true, message: { verb, subscription: parts[1] } };
    default:
      return { ok: false, answer: noticeFrame(`unsupported: verb ${quoted(verb)}`) };
  }
}

export function eventFrame(subscription: string, eventJson: string): string {
  return `["EVENT",${JSON.stringify(subscription)},${eventJson}]`;
}

/** `hint` says whether all stored matches were sent (NIP-67). */
export function eoseFrame(subscription: string, hint: "finish" | "more"): string {
  return JSON.stringify(["EOSE", subscription, [hint]]);
}

export function okFrame(eventId: string, accepted: boolean, message: string): string {
  return JSON.stringify(["OK", eventId, accepted, message]);
}

export function closedFrame(subscription: string, prefix: Prefix, reason: string): string {
  return JSON.stringify(["CLOSED", subscription, `${prefix}: ${reason}`]);
}

export function authFrame(challenge: string): string {
  return JSON.stringify(["AUTH", challenge]);
}

export function noticeFrame(text: string): string {
  return JSON.stringify(["NOTICE", text]);
}

const UNUSABLE_ID = `invalid: a subscription id is a string of 1 to ${MAX_SUBSCRIPTION_ID} characters`;

function isSubscriptionId(value: unknown): value is string {
  return (
    typeof value === "string" &&
    value.length > 0 &&
    value.length <= MAX_SUBSCRIPTION_ID &&
    value.isWellFormed()
  );
}

function parseRequest(subscription: unknown, given: unknown[]): ParsedMessage {
  if (!isSubscriptionId(subscription)) return { ok: false, answer: noticeFrame(UNUSABLE_ID) };
  if (given.length === 0) {
    return refuse(subscription, "invalid", "a REQ needs at least one filter");
  }
  const filters: Filter[] = [];
  for (const value of given) {
    const parsed = parseFilter(value);
    if (!parsed.ok) return refuse(subscription, parsed.prefix, parsed.reason);
    filters.push(parsed.filter);
  }
  return { ok: true, message: { verb: "REQ", subscription, filters } };
}

function refuse(subscription: string, prefix: Prefix, reason: string): ParsedMessage {
  return { ok: false, answer: closedFrame(subscription, prefix, reason), subscription };
}

/** A client's own words, short enough to repeat to it. */
function quoted(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : `of type ${typeof value}`;
}
