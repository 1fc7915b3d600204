/** The messages between client and relay: parsing and writing (NIP-01, NIP-42, NIP-45, NIP-67, NIP-77). */
import { bytesToHex, hexToBytes } from "@noble/hashes/utils.js";
import { isLongerThan, quoted } from "./characters.ts";
import { type Filter, parseFilter } from "./filter.ts";

/** The machine-readable words at the start of an OK or a CLOSED. */
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

/** Why a client is refused. */
export interface Refusal {
  prefix: Prefix;
  /** For the client: what is wrong, and what would be right. */
  reason: string;
}

export type ClientMessage =
  | { verb: "EVENT"; event: unknown }
  | { verb: "AUTH"; event: unknown }
  | { verb: "REQ"; subscription: string; filters: Filter[] }
  /** `query` is an id like that of a subscription, but does not open one. */
  | { verb: "COUNT"; query: string; filters: Filter[] }
  | { verb: "CLOSE"; subscription: string }
  /** `subscription` is the id of a reconciliation. NIP-77 keeps these ids separate from those of REQs. */
  | { verb: "NEG-OPEN"; subscription: string; filter: Filter; query: Uint8Array }
  | { verb: "NEG-MSG"; subscription: string; query: Uint8Array }
  | { verb: "NEG-CLOSE"; subscription: string };

export type ParsedMessage =
  | { ok: true; message: ClientMessage }
  /** `answer` tells the client what is wrong. If it is a CLOSED, it ends `subscription`. */
  | { ok: false; answer: string; subscription?: string }
  /** `answer` is a NEG-ERR. It ends `reconciliation`. */
  | { ok: false; answer: string; reconciliation: string };

/** Maximum length of a subscription id, in code points (NIP-01). */
export const MAX_SUBSCRIPTION_ID = 64;
/** Maximum length of an id that an answer repeats, even if the relay cannot use the id. */
const MAX_NAMED_ID = 256;
/** How much of a message an answer quotes if it has no id, in characters. */
const MOST_QUOTED = 40;
const ARRAY_START = /^\s*\[/;

/** Parses a message from a client. The caller has checked its length and nesting. */
export function parseMessage(frame: string): ParsedMessage {
  // Before parsing it: each exception of a flood takes 0.1 ms.
  if (!ARRAY_START.test(frame)) return unreadable("invalid", "a message must be a JSON array", frame);
  let parts: unknown[];
  try {
    parts = JSON.parse(frame) as unknown[];
  } catch {
    return unreadable("invalid", "a message must be a JSON array; this is not JSON", frame);
  }
  const [verb, id, ...rest] = parts;
  switch (verb) {
    case "EVENT":
    case "AUTH":
      // An event in the wrong place is refused, but its OK can still name it.
      return { ok: true, message: { verb, event: typeof id === "string" ? [id, ...rest] : id } };
    case "REQ":
    case "COUNT":
    case "CLOSE":
    case "NEG-OPEN":
    case "NEG-MSG":
    case "NEG-CLOSE":
      if (!isSubscriptionId(id)) return refuseMessage({ frame, verb, id }, "invalid", UNUSABLE_ID);
      if (verb === "CLOSE") return { ok: true, message: { verb, subscription: id } };
      if (verb === "REQ") return parseRequest(id, rest);
      return verb === "COUNT" ? parseCount(id, rest) : parseReconciliation(verb, id, rest);
    default:
      return typeof verb === "string"
        ? { ok: false, answer: noticeFrame(`unsupported: verb ${quoted(verb, MOST_QUOTED)}`) }
        : unreadable("unsupported", `verb of type ${typeof verb}`, frame);
  }
}

/** Returns a refusal. It names the subscription, reconciliation or count if it can, or else quotes the frame. */
export function refuseMessage(
  { frame, verb, id }: { frame: string; verb?: string | undefined; id?: unknown },
  prefix: Prefix,
  reason: string,
): ParsedMessage & { ok: false } {
  const name = namedId(id);
  if (verb === undefined || name === undefined) return unreadable(prefix, reason, frame);
  if (verb.startsWith("NEG-")) {
    return { ok: false, answer: negErrFrame(name, prefix, reason), reconciliation: name };
  }
  const answer = closedFrame(name, prefix, reason);
  return verb === "COUNT" ? { ok: false, answer } : { ok: false, answer, subscription: name };
}

/** Returns an id if an answer can repeat it; undefined if it is too long or not a string. */
export function namedId(id: unknown): string | undefined {
  return typeof id === "string" && !isLongerThan(id, MAX_NAMED_ID) ? id : undefined;
}

/** Returns a NOTICE that quotes the frame: without an id, the client cannot know otherwise which frame is meant. */
function unreadable(prefix: Prefix, reason: string, frame: string): ParsedMessage & { ok: false } {
  const start = quoted(frame, MOST_QUOTED);
  return { ok: false, answer: noticeFrame(`${prefix}: ${reason}${start === '""' ? "" : `: ${start}`}`) };
}

export function eventFrame(subscription: string, eventJson: string): string {
  return `["EVENT",${JSON.stringify(subscription)},${eventJson}]`;
}

/** `hint` says whether all stored matches were sent (NIP-67). Some clients accept only an EOSE of two elements. */
export function eoseFrame(subscription: string, hint?: "finish" | "more"): string {
  return JSON.stringify(["EOSE", subscription, ...(hint === undefined ? [] : [[hint]])]);
}

/** Returns the payload of a COUNT answer (NIP-45). `hll` can be merged with that of other relays. */
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
  // Hex is written as it is: JSON.stringify would look at each of its characters.
  return `["NEG-MSG",${JSON.stringify(subscription)},"${bytesToHex(answer)}"]`;
}

/** `most` is the maximum number of events of a reconciliation, if that was exceeded. */
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

const UNUSABLE_ID = `a subscription id must be a string of 1 to ${MAX_SUBSCRIPTION_ID} characters`;

function isSubscriptionId(value: unknown): value is string {
  return (
    typeof value === "string" &&
    value !== "" &&
    !isLongerThan(value, MAX_SUBSCRIPTION_ID) &&
    value.isWellFormed()
  );
}

function parseRequest(subscription: string, given: unknown[]): ParsedMessage {
  const parsed = parseFilters(given);
  if (parsed.ok) return { ok: true, message: { verb: "REQ", subscription, filters: parsed.filters } };
  return { ok: false, answer: closedFrame(subscription, parsed.prefix, parsed.reason), subscription };
}

/** An invalid COUNT does not end a subscription with the same id. */
function parseCount(query: string, given: unknown[]): ParsedMessage {
  const parsed = parseFilters(given);
  if (parsed.ok) return { ok: true, message: { verb: "COUNT", query, filters: parsed.filters } };
  return { ok: false, answer: closedFrame(query, parsed.prefix, parsed.reason) };
}

type ParsedFilters = { ok: true; filters: Filter[] } | { ok: false; prefix: Prefix; reason: string };

/** Ten times the highest MAX_FILTERS. Without a bound, parsing one frame full of searches took 300 ms. */
const MOST_FILTERS_READ = 1000;

function parseFilters(given: unknown[]): ParsedFilters {
  if (given.length === 0) return { ok: false, prefix: "invalid", reason: "at least one filter is required" };
  if (given.length > MOST_FILTERS_READ) {
    return {
      ok: false,
      prefix: "error",
      reason: `${given.length} filters are too many; at most ${MOST_FILTERS_READ} are allowed`,
    };
  }
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
  subscription: string,
  given: unknown[],
): ParsedMessage {
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
      `${verb} must end in ${verb === "NEG-OPEN" ? "one filter and " : ""}a message in hex`,
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
