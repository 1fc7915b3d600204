/** Authentication (NIP-42). A connection may authenticate as several keys, one after the other. */
import { firstCharacters } from "../../nostr/characters.ts";
import { type Event, idOf, parseEvent } from "../../nostr/event.ts";
import type { Filter } from "../../nostr/filter.ts";
import { AUTH } from "../../nostr/kinds.ts";
import { namedId, okFrame, type Prefix } from "../../nostr/message.ts";
import { namesPrivateKind } from "../../nostr/visibility.ts";
import { forgeryOf, type Verify } from "../../nostr/signature.ts";
import type { Config } from "../config.ts";
import type { Session } from "./session.ts";

const MOST_SECONDS = 600;
/** Maximum number of keys of a connection: they must fit into what survives hibernation. */
const MOST_KEYS = 50;

/** Returns whether the challenge is sent on connect. `config` includes changes at run time. */
export function isChallengedAtOnce({ AUTH_CHALLENGE, READ_ACCESS, WRITE_ACCESS }: Config): boolean {
  return AUTH_CHALLENGE === "connect" || READ_ACCESS !== "open" || WRITE_ACCESS !== "open";
}

/**
 * Sends the challenge before the answer to filters for private kinds. Not for a filter without kinds: most clients
 * have no signer.
 */
export function challengeForFilters(session: Session, filters: readonly Filter[]): void {
  if (filters.some(namesPrivateKind)) session.sendChallenge();
}

/**
 * Sends the challenge before a refusal: client libraries answer `auth-required:` with a challenge that they already
 * have.
 */
export function challengeForRefusal(session: Session, prefix: Prefix): void {
  if (prefix === "auth-required" || prefix === "restricted") session.sendChallenge();
}

/** Handles an AUTH. Returns the OK to send. `now` is in Unix seconds. */
export function authenticate(
  session: Session,
  value: unknown,
  { verify, now }: { verify: Verify; now(): number },
): string {
  const parsed = parseEvent(value);
  if (!parsed.ok) return okFrame(nameOf(value), false, `invalid: ${parsed.reason}`);
  const { event } = parsed;
  const problem = problemOf(event, session, now()) ?? forgeryOf(event, verify);
  if (problem !== undefined) return okFrame(event.id, false, `invalid: ${problem}`);
  if (session.keys.size >= MOST_KEYS && !session.keys.has(event.pubkey)) {
    return okFrame(
      event.id,
      false,
      `restricted: ${MOST_KEYS} keys have authenticated on this connection, which is the maximum`,
    );
  }
  session.authenticate(event.pubkey);
  return okFrame(event.id, true, "");
}

function problemOf(event: Event, session: Session, now: number): string | undefined {
  if (event.kind !== AUTH) return `an AUTH event has kind ${AUTH}, not ${event.kind}`;
  if (Math.abs(event.created_at - now) > MOST_SECONDS) {
    return `created_at is more than ${MOST_SECONDS} s away from the relay's clock`;
  }
  if (tagValue(event, "challenge") !== session.challenge)
    return "the challenge is not the one of this connection";
  const relay = tagValue(event, "relay");
  const isMeantForUs = session.addresses.some((address) => hostOf(address) === hostOf(relay));
  return isMeantForUs
    ? undefined
    : `the relay tag names ${JSON.stringify(firstCharacters(relay, 200))}, which is not this relay`;
}

function tagValue({ tags }: Event, name: string): string {
  return tags.find((tag) => tag[0] === name)?.[1] ?? "";
}

/** Returns the host with its port. Text that is not an address has no host and equals none. */
function hostOf(url: string): string | symbol {
  return URL.canParse(url) ? new URL(url).host : Symbol("no host");
}

/** Returns the id for the OK if the event is invalid: the one in the event, or in an event among several values. */
export function nameOf(value: unknown): string {
  const id = Array.isArray(value) ? value.map(idOf).find((each) => each !== undefined) : idOf(value);
  return namedId(id) ?? "";
}
