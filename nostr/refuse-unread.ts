/**
 * Refuses a frame without parsing it, because it is too long or its client has used up its allowance. Extracts only the
 * id that the answer must name, in linear time.
 */
import { namedId, okFrame, type ParsedMessage, type Prefix, refuseMessage } from "./message.ts";

/** Matches only a field, never text in a content: JSON escapes quotes inside strings. */
const EVENT_ID = /[{,]\s*"id"\s*:\s*"([0-9a-f]{64})"/;
/** An invalid id at the start of the event, where clients write it. */
const UNUSABLE_EVENT_ID = /^[^{]{0,100}\{\s*"id"\s*:\s*("(?:[^"\\]|\\.){0,3072}")/;
/** An id of up to 256 characters. Each may be written as two escapes of 6 characters. */
const ASKED = /^\s*\[\s*"(REQ|COUNT|CLOSE|NEG-OPEN|NEG-MSG|NEG-CLOSE)"\s*,\s*("(?:[^"\\]|\\.){0,3072}")/;
/**
 * Characters at the start and at the end of a frame that are searched for an id. Events have it at the start or,
 * rarely, at the end.
 */
const LOOKED_AT = 100_000;

/** Returns whether a frame ends something (CLOSE, NEG-CLOSE). Such a frame is never refused. */
export function isLettingGo(frame: string): boolean {
  return /^\s*\[\s*"(CLOSE|NEG-CLOSE)"/.test(frame);
}

export function refuseUnread(frame: string, prefix: Prefix, reason: string): ParsedMessage & { ok: false } {
  if (/^\s*\[\s*"(EVENT|AUTH)"/.test(frame)) {
    const id = EVENT_ID.exec(frame.slice(0, LOOKED_AT)) ?? EVENT_ID.exec(frame.slice(-LOOKED_AT));
    const named = id?.[1] ?? namedId(textOf(UNUSABLE_EVENT_ID.exec(frame)?.[1] ?? ""));
    if (named !== undefined) return { ok: false, answer: okFrame(named, false, `${prefix}: ${reason}`) };
  }
  const [, verb, quoted = ""] = ASKED.exec(frame.slice(0, LOOKED_AT)) ?? [];
  return refuseMessage({ frame, verb, id: textOf(quoted) }, prefix, reason);
}

/** Parses a JSON string; undefined if it is not JSON. */
function textOf(quoted: string): unknown {
  try {
    return JSON.parse(quoted) as unknown;
  } catch {
    return undefined;
  }
}
