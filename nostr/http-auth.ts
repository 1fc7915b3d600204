/** Authorization of HTTP requests by a signed event in the Authorization header (NIP-98). */
import { firstCharacters } from "./characters.ts";
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { type Event, parseEvent } from "./event.ts";
import { parseJson } from "./json.ts";
import { HTTP_AUTH } from "./kinds.ts";
import { normalizeRelayUrl } from "./relay-url.ts";
import { forgeryOf, type Verify } from "./signature.ts";

/** Maximum distance between an authorization's created_at and the relay's clock, in seconds. */
export const HTTP_AUTH_SECONDS = 60;

/** In characters. Several times the length of a usual authorization; a longer header is refused unparsed. */
const LONGEST_HEADER = 16_384;

interface HttpRequest {
  /** The absolute URL that the client uses. */
  url: string;
  method: string;
  /** The authorization must also cover its hash. Undefined for a request without a body. */
  body: Uint8Array | undefined;
}

/** If ok, `event` is valid for this request. It may have been used before: the caller must check that. */
type HttpAuth = { ok: true; event: Event } | { ok: false; reason: string };

/** Checks an Authorization header against a request. `now` is in Unix seconds. */
export function checkHttpAuth(
  header: string | undefined,
  request: HttpRequest,
  { verify, now }: { verify: Verify; now: number },
): HttpAuth {
  if (header === undefined) return refused("there is no Authorization header");
  const parsed = parseHeader(header);
  if (!parsed.ok) return parsed;
  const problem = problemOf(parsed.event, request, now) ?? forgeryOf(parsed.event, verify);
  return problem === undefined ? parsed : refused(problem);
}

function parseHeader(header: string): HttpAuth {
  if (header.length > LONGEST_HEADER)
    return refused(`the Authorization header is longer than ${LONGEST_HEADER} characters`);
  const [, base64] = /^Nostr +([A-Za-z0-9+/_-]+={0,2})$/i.exec(header.trim()) ?? [];
  const value = base64 === undefined ? undefined : parseBase64Json(base64);
  if (value === undefined)
    return refused("the Authorization header is not Nostr, a space and a base64-encoded event");
  const parsed = parseEvent(value);
  return parsed.ok ? parsed : refused(parsed.reason);
}

function problemOf(event: Event, { url, method, body }: HttpRequest, now: number): string | undefined {
  if (event.kind !== HTTP_AUTH)
    return `the kind of the authorization is ${event.kind}, expected ${HTTP_AUTH}`;
  if (Math.abs(event.created_at - now) > HTTP_AUTH_SECONDS)
    return `created_at is more than ${HTTP_AUTH_SECONDS} s away from the relay's clock`;
  const given = tagValue(event, "u");
  if (given === undefined || comparable(given) !== comparable(url))
    return `the u tag is ${quoted(given)}, expected ${JSON.stringify(url)}`;
  if (tagValue(event, "method") !== method)
    return `the method tag is ${quoted(tagValue(event, "method"))}, expected ${JSON.stringify(method)}`;
  if (body !== undefined && tagValue(event, "payload") !== bytesToHex(sha256(body)))
    return "the payload tag is not the SHA-256 of the body in hex";
  return undefined;
}

/** Normalises a URL for comparison: http and ws, and a missing last slash, make no difference (NIP-86). */
function comparable(url: string): string {
  return normalizeRelayUrl(url.replace(/^http/i, "ws")) ?? url;
}

/** Returns the value of the only tag with this name. Undefined if there are two, because they may contradict. */
function tagValue({ tags }: Event, name: string): string | undefined {
  const [tag, ...others] = tags.filter((tag) => tag[0] === name);
  return others.length === 0 ? tag?.[1] : undefined;
}

function parseBase64Json(base64: string): unknown {
  try {
    const bytes = atob(base64.replaceAll("-", "+").replaceAll("_", "/"));
    const utf8 = Uint8Array.from(bytes, (character) => character.charCodeAt(0));
    return parseJson(new TextDecoder("utf-8", { fatal: true, ignoreBOM: false }).decode(utf8));
  } catch {
    return undefined;
  }
}

function quoted(text: string | undefined): string {
  return text === undefined ? "missing or given twice" : JSON.stringify(firstCharacters(text, 200));
}

function refused(reason: string): HttpAuth {
  return { ok: false, reason };
}
