/** Proving to hold a key (NIP-42). A connection may prove several, one after the other. */
import { eventId, type Event, parseEvent } from "../nostr/event.ts";
import { okFrame } from "../nostr/message.ts";
import type { Verify } from "../nostr/signature.ts";
import type { Session } from "./session.ts";

const AUTH_KIND = 22_242;
const MOST_SECONDS = 600;
/** What a session proves must fit into what survives hibernation. */
const MOST_KEYS = 50;

/** `now` is in Unix seconds. The result is the OK to send. */
export function authenticate(
  session: Session,
  value: unknown,
  { verify, now }: { verify: Verify; now(): number },
): string {
  const parsed = parseEvent(value);
  if (!parsed.ok) return okFrame(idOf(value), false, `invalid: ${parsed.reason}`);
  const { event } = parsed;
  const problem = problemOf(event, session, now()) ?? forgery(event, verify);
  if (problem !== undefined) return okFrame(event.id, false, `invalid: ${problem}`);
  if (session.keys.size >= MOST_KEYS && !session.keys.has(event.pubkey)) {
    return okFrame(
      event.id,
      false,
      `restricted: ${MOST_KEYS} keys are the most that one connection can prove`,
    );
  }
  session.authenticate(event.pubkey);
  return okFrame(event.id, true, "");
}

function problemOf(event: Event, session: Session, now: number): string | undefined {
  if (event.kind !== AUTH_KIND) return `an AUTH event has kind ${AUTH_KIND}, and not ${event.kind}`;
  if (Math.abs(event.created_at - now) > MOST_SECONDS) {
    return `created_at is more than ${MOST_SECONDS} s away from the relay's clock`;
  }
  if (tagValue(event, "challenge") !== session.challenge)
    return "the challenge is not that of this connection";
  const relay = tagValue(event, "relay");
  const isMeantForUs = session.addresses.some((address) => hostOf(address) === hostOf(relay));
  return isMeantForUs
    ? undefined
    : `the relay tag names ${JSON.stringify(relay.slice(0, 200))}, which is not this relay`;
}

function forgery(event: Event, verify: Verify): string | undefined {
  if (eventId(event) !== event.id) return "id is not the hash of the event";
  return verify(event) ? undefined : "the signature does not belong to this id and pubkey";
}

function tagValue({ tags }: Event, name: string): string {
  return tags.find((tag) => tag[0] === name)?.[1] ?? "";
}

/** With its port. What is no address is no host either, and equals none. */
function hostOf(url: string): string | symbol {
  return URL.canParse(url) ? new URL(url).host : Symbol("no host");
}

/** What the OK names when the event cannot be read: whatever the client called it, within reason. */
export function idOf(value: unknown): string {
  const id = typeof value === "object" && value !== null && "id" in value ? value.id : undefined;
  return typeof id === "string" && id.length <= 64 ? id : "";
}
