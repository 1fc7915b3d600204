/**
 * Refuses a frame without parsing it: because it is too long, or comes from somebody who has sent too much. Looks for
 * no more than what the answer must name, in time that is linear in the frame.
 */
import {
  closedFrame,
  isSubscriptionId,
  negErrFrame,
  noticeFrame,
  okFrame,
  type ParsedMessage,
  type Prefix,
} from "./message.ts";

/** Quotes inside strings are escaped in JSON, so this is found as a name and never in a content. */
const EVENT_ID = /[{,]\s*"id"\s*:\s*"([0-9a-f]{64})"/;
const ASKED = /^\s*\[\s*"(REQ|COUNT|NEG-OPEN|NEG-MSG)"\s*,\s*("(?:[^"\\]|\\.){1,400}")/;
/** The parts of a frame in which an id is looked for; an event has it at its beginning or, seldom, at its end. */
const LOOKED_AT = 100_000;

/** True when it lets go of something, which is never refused. */
export function isLettingGo(frame: string): boolean {
  return /^\s*\[\s*"(CLOSE|NEG-CLOSE)"/.test(frame);
}

export function refuseUnread(frame: string, prefix: Prefix, reason: string): ParsedMessage & { ok: false } {
  if (/^\s*\[\s*"(EVENT|AUTH)"/.test(frame)) {
    const id = EVENT_ID.exec(frame.slice(0, LOOKED_AT)) ?? EVENT_ID.exec(frame.slice(-LOOKED_AT));
    if (id?.[1] !== undefined) return { ok: false, answer: okFrame(id[1], false, `${prefix}: ${reason}`) };
  }
  const [, verb, quoted = ""] = ASKED.exec(frame.slice(0, LOOKED_AT)) ?? [];
  const subscription = textOf(quoted);
  if (verb === undefined || !isSubscriptionId(subscription)) {
    return { ok: false, answer: noticeFrame(`${prefix}: ${reason}`) };
  }
  if (verb.startsWith("NEG-")) {
    return { ok: false, answer: negErrFrame(subscription, prefix, reason), reconciliation: subscription };
  }
  const answer = closedFrame(subscription, prefix, reason);
  return verb === "REQ" ? { ok: false, answer, subscription } : { ok: false, answer };
}

/** Undefined for what is no JSON. */
function textOf(quoted: string): unknown {
  try {
    return JSON.parse(quoted) as unknown;
  } catch {
    return undefined;
  }
}
