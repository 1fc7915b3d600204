/** Reads one line of a dump. Programs write events alone, or as frames of NIP-01. */
import { type Event, kindClass, parseEvent } from "../../nostr/event.ts";
import { MOST_LEVELS, nestedTooDeeply, shapeOf } from "../../nostr/json.ts";
import { forgeryOf, type Verify, verifySignature } from "../../nostr/signature.ts";
import { createWasmVerify } from "../../nostr/wasm-signature.ts";
import { nativeEventId } from "../../platforms/event-id.ts";
import { readVerifyModule } from "../shared/verify-module.ts";
import { type Line, LONGEST_LINE } from "./lines.ts";

export type LineRecord =
  | { kind: "event"; event: Event }
  /** Not an event, and not meant to be one. */
  | { kind: "other" }
  /** What a relay is besides its events: a decision of its operators, or an upstream. */
  | { kind: "state"; value: unknown[] }
  /** An event that no relay stores. */
  | { kind: "ephemeral" }
  | { kind: "refused"; reason: string };

/** Frames of relays and clients that stand between the events in recordings. */
const FRAMES = new Set(["EOSE", "OK", "NOTICE", "CLOSED", "AUTH", "REQ", "CLOSE", "COUNT", "TRIBUTARY"]);

const STATES = new Set(["DECISION", "UPSTREAM"]);

/** Returns what a line has. Without `verify`, ids and signatures are not checked. */
export function readRecord({ bytes, isEnded }: Line, verify: Verify | undefined): LineRecord {
  if (bytes === undefined) return refused(`it is longer than ${LONGEST_LINE} bytes`);
  const parsed = parseLine(bytes);
  if (!parsed.ok) return refused(isEnded ? parsed.reason : "the source ends in the middle of this line");
  const value = Array.isArray(parsed.value) ? eventIn(parsed.value) : parsed.value;
  if (value === undefined) {
    const list = parsed.value as unknown[];
    const [name] = list;
    if (typeof name === "string" && STATES.has(name)) return { kind: "state", value: list };
    return typeof name === "string" && FRAMES.has(name)
      ? { kind: "other" }
      : refused('it is a list, expected an event or ["EVENT", {…}]');
  }
  const event = parseEvent(value);
  if (!event.ok) return refused(event.reason);
  const forgery = verify && forgeryOf(event.event, verify, nativeEventId);
  if (forgery !== undefined) return refused(forgery);
  return kindClass(event.event.kind) === "ephemeral"
    ? { kind: "ephemeral" }
    : { kind: "event", event: event.event };
}

/** Returns the event of `["EVENT", {…}]` or `["EVENT", "subscription", {…}]`. */
function eventIn(frame: unknown[]): unknown {
  if (frame[0] !== "EVENT" || frame.length > 3) return undefined;
  return frame.length === 3 && typeof frame[1] === "string" ? frame[2] : frame[1];
}

function parseLine(bytes: Uint8Array): { ok: true; value: unknown } | { ok: false; reason: string } {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return { ok: false, reason: "it is not UTF-8" };
  }
  const { levels } = shapeOf(text);
  if (levels > MOST_LEVELS) return { ok: false, reason: `it is ${nestedTooDeeply(levels)}` };
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch {
    return { ok: false, reason: "it is not JSON" };
  }
}

function refused(reason: string): LineRecord {
  return { kind: "refused", reason };
}

/** Returns the check of signatures: in WebAssembly, or in JavaScript if the module could not be built. */
export function fastVerify(): Verify {
  return createWasmVerify(readVerifyModule()) ?? verifySignature;
}
