/** Who makes an HTTP request: a signed event in its Authorization header (NIP-98). */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { type Event, eventId, parseEvent } from "./event.ts";
import { normalizeRelayUrl } from "./relay-url.ts";
import type { Verify } from "./signature.ts";

const HTTP_AUTH_KIND = 27_235;

/** How old an authorization may be, or how far ahead of our clock, in seconds. */
export const HTTP_AUTH_SECONDS = 60;

/** Some times what an authorization of a reasonable client has; longer ones are not looked at. */
const LONGEST_HEADER = 16_384;

export interface HttpRequest {
  /** Absolute, and as the client knows it. */
  url: string;
  method: string;
  /** Must be signed for along with the rest; undefined for a request without one. */
  body: Uint8Array | undefined;
}

/** `event` is valid for this request, and may have been used before. */
export type HttpAuth = { ok: true; event: Event } | { ok: false; reason: string };

/** `now` is in Unix seconds. */
export function checkHttpAuth(
  header: string | undefined,
  request: HttpRequest,
  { verify, now }: { verify: Verify; now: number },
): HttpAuth {
  if (header === undefined) return refused("there is no Authorization header");
  const parsed = parseHeader(header);
  if (!parsed.ok) return parsed;
  const problem = problemOf(parsed.event, request, now) ?? forgery(parsed.event, verify);
  return problem === undefined ? parsed : refused(problem);
}

function parseHeader(header: string): HttpAuth {
  if (header.length > LONGEST_HEADER) return refused(`it is longer than ${LONGEST_HEADER} characters`);
  const [, base64] = /^Nostr +([A-Za-z0-9+/_-]+={0,2})$/i.exec(header.trim()) ?? [];
  const value = base64 === undefined ? undefined : parseBase64Json(base64);
  if (value === undefined) return refused("it is not Nostr and an event as JSON in base64");
  const parsed = parseEvent(value);
  return parsed.ok ? parsed : refused(parsed.reason);
}

function problemOf(event: Event, { url, method, body }: HttpRequest, now: number): string | undefined {
  if (event.kind !== HTTP_AUTH_KIND) return `its kind is ${event.kind}, expected ${HTTP_AUTH_KIND}`;
  if (Math.abs(event.created_at - now) > HTTP_AUTH_SECONDS)
    return `created_at is more than ${HTTP_AUTH_SECONDS} s away from the relay's clock`;
  const given = tagValue(event, "u");
  if (given === undefined || comparable(given) !== comparable(url))
    return `its u tag is ${quoted(given)}, expected ${JSON.stringify(url)}`;
  if (tagValue(event, "method") !== method)
    return `its method tag is ${quoted(tagValue(event, "method"))}, expected ${JSON.stringify(method)}`;
  if (body !== undefined && tagValue(event, "payload") !== bytesToHex(sha256(body)))
    return "its payload tag is not the SHA-256 of the body in hex";
  return undefined;
}

function forgery(event: Event, verify: Verify): string | undefined {
  if (eventId(event) !== event.id) return "its id is not the hash of the event";
  return verify(event) ? undefined : "its signature does not belong to this id and pubkey";
}

/** One relay is one address, whether it is called by HTTP or WebSocket, with or without the last slash (NIP-86). */
function comparable(url: string): string {
  return normalizeRelayUrl(url.replace(/^http/i, "ws")) ?? url;
}

/** Of the only tag with this name: two of them would say two things. */
function tagValue({ tags }: Event, name: string): string | undefined {
  const [tag, ...others] = tags.filter((tag) => tag[0] === name);
  return others.length === 0 ? tag?.[1] : undefined;
}

function parseBase64Json(base64: string): unknown {
  try {
    const bytes = atob(base64.replaceAll("-", "+").replaceAll("_", "/"));
    const utf8 = Uint8Array.from(bytes, (character) => character.charCodeAt(0));
    return JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(utf8)) as unknown;
  } catch {
    return undefined;
  }
}

function quoted(text: string | undefined): string {
  return text === undefined ? "missing or there twice" : JSON.stringify(text.slice(0, 200));
}

function refused(reason: string): HttpAuth {
  return { ok: false, reason };
}
