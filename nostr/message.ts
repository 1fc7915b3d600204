/** Frames in both directions (NIP-01, NIP-42, NIP-45, NIP-67, NIP-77). */
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
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
  /** `query` is named like a subscription, and is none. */
  | { verb: "COUNT"; query: string; filters: Filter[] }
  | { verb: "CLOSE"; subscription: string }
  /** `subscription`: NIP-77 gives reconciliations names of their own, apart from those of REQs. */
  | { verb: "NEG-OPEN"; subscription: string; filter: Filter; query: Uint8Array }
  | { verb: "NEG-MSG"; subscription: string; query: Uint8Array }
  | { verb: "NEG-CLOSE"; subscription: string };

export type ParsedMessage =
  | { ok: true; message: ClientMessage }
  /** `answer` tells the client what is wrong; with `subscription` it is a CLOSED, and ends that subscription. */
  | { ok: false; answer: string; subscription?: string }
  /** The same for a NEG-ERR. */
  | { ok: false; answer: string; reconciliation: string };

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
    case "COUNT":
      return parseCount(parts[1], parts.slice(2));
    case "CLOSE":
      if (!isSubscriptionId(parts[1])) return { ok: false, answer: noticeFrame(UNUSABLE_ID) };
      return { ok: true, message: { verb, subscription: parts[1] } };
    case "NEG-OPEN":
    case "NEG-MSG":
    case "NEG-CLOSE":
      return parseReconciliation(verb, parts[1], parts.slice(2));
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

/** What is said of a count (NIP-45). `hll` merges with that of other relays. */
export function countAnswer({ count, isEstimate, hll }: Counted) {
  return { count, ...(isEstimate && { approximate: true }), ...(hll !== undefined && { hll }) };
}

interface Counted {
  count: number;
  isEstimate: boolean;
  hll?: string;
}

export function countFrame(query: string, counted: Counted): string {
  return JSON.stringify(["COUNT", query, countAnswer(counted)]);
}

export function okFrame(eventId: string, accepted: boolean, message: string): string {
  return JSON.stringify(["OK", eventId, accepted, message]);
}

export function closedFrame(subscription: string, prefix: Prefix, reason: string): string {
  return JSON.stringify(["CLOSED", subscription, `${prefix}: ${reason}`]);
}

export function negMsgFrame(subscription: string, answer: Uint8Array): string {
  return JSON.stringify(["NEG-MSG", subscription, bytesToHex(answer)]);
}

/** `most`: how many events a reconciliation may be about, when there were more. */
export function negErrFrame(
  subscription: string,
  prefix: Prefix | "closed",
  reason: string,
  most?: number,
): string {
  return JSON.stringify([
    "NEG-ERR",
    subscription,
    `${prefix}: ${reason}`,
    ...(most === undefined ? [] : [most]),
  ]);
}

export function authFrame(challenge: string): string {
  return JSON.stringify(["AUTH", challenge]);
}

export function noticeFrame(text: string): string {
  return JSON.stringify(["NOTICE", text]);
}

const UNUSABLE_ID = `invalid: a subscription id is a string of 1 to ${MAX_SUBSCRIPTION_ID} characters`;

export function isSubscriptionId(value: unknown): value is string {
  return (
    typeof value === "string" &&
    value.length > 0 &&
    value.length <= MAX_SUBSCRIPTION_ID &&
    value.isWellFormed()
  );
}

function parseRequest(subscription: unknown, given: unknown[]): ParsedMessage {
  if (!isSubscriptionId(subscription)) return { ok: false, answer: noticeFrame(UNUSABLE_ID) };
  const parsed = parseFilters(given);
  if (parsed.ok) return { ok: true, message: { verb: "REQ", subscription, filters: parsed.filters } };
  return { ok: false, answer: closedFrame(subscription, parsed.prefix, parsed.reason), subscription };
}

/** A subscription of the same name stays, whatever is wrong here. */
function parseCount(query: unknown, given: unknown[]): ParsedMessage {
  if (!isSubscriptionId(query)) return { ok: false, answer: noticeFrame(UNUSABLE_ID) };
  const parsed = parseFilters(given);
  if (parsed.ok) return { ok: true, message: { verb: "COUNT", query, filters: parsed.filters } };
  return { ok: false, answer: closedFrame(query, parsed.prefix, parsed.reason) };
}

type ParsedFilters = { ok: true; filters: Filter[] } | { ok: false; prefix: Prefix; reason: string };

function parseFilters(given: unknown[]): ParsedFilters {
  if (given.length === 0) return { ok: false, prefix: "invalid", reason: "at least one filter is needed" };
  const filters: Filter[] = [];
  for (const value of given) {
    const parsed = parseFilter(value);
    if (!parsed.ok) return parsed;
    filters.push(parsed.filter);
  }
  return { ok: true, filters };
}

function parseReconciliation(
  verb: "NEG-OPEN" | "NEG-MSG" | "NEG-CLOSE",
  subscription: unknown,
  given: unknown[],
): ParsedMessage {
  if (!isSubscriptionId(subscription)) return { ok: false, answer: noticeFrame(UNUSABLE_ID) };
  const refuse = (prefix: Prefix, reason: string): ParsedMessage => ({
    ok: false,
    answer: negErrFrame(subscription, prefix, reason),
    reconciliation: subscription,
  });
  if (verb === "NEG-CLOSE") return { ok: true, message: { verb, subscription } };
  const hex = verb === "NEG-OPEN" ? given[1] : given[0];
  if (!isHex(hex)) {
    return refuse(
      "invalid",
      `${verb} ends in ${verb === "NEG-OPEN" ? "one filter and " : ""}a message in hex`,
    );
  }
  const query = hexToBytes(hex);
  if (verb === "NEG-MSG") return { ok: true, message: { verb, subscription, query } };
  const parsed = parseFilter(given[0]);
  if (!parsed.ok) return refuse(parsed.prefix, parsed.reason);
  return { ok: true, message: { verb, subscription, filter: parsed.filter, query } };
}

function isHex(value: unknown): value is string {
  return typeof value === "string" && value.length % 2 === 0 && /^[0-9a-f]*$/i.test(value);
}

/** A client's own words, short enough to repeat to it. */
function quoted(value: unknown): string {
  return typeof value === "string" ? JSON.stringify(value.slice(0, 40)) : `of type ${typeof value}`;
}
