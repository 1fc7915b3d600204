/** The event with which a client authenticates to a relay (NIP-42). */
import type { Event } from "./event.ts";
import { AUTH } from "./kinds.ts";
import { signEvent } from "./secret-key.ts";

/** `relay` is the address of the relay that sent the challenge, `now` is in Unix seconds, `secret` a key in hex. */
export function authentication(
  { relay, challenge, now }: { relay: string; challenge: string; now: number },
  secret: string,
): Event {
  const tags = [
    ["relay", relay],
    ["challenge", challenge],
  ];
  return signEvent({ kind: AUTH, created_at: now, tags, content: "" }, secret);
}
