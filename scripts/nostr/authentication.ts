/** Authenticates to a relay (NIP-42). */
import { makeAuthEvent } from "nostr-tools/nip42";
import { finalizeEvent } from "nostr-tools/pure";
import { answerTo, type Conversation, textOf, within } from "./conversation.ts";
import { note, oneLine } from "../shared/printing.ts";
import { readSecretKey } from "./secret-key.ts";
import { CommandError } from "../shared/usage.ts";

const PROBE = "auth";
const UNASKED = "the relay did not ask for authentication";

/**
 * Authenticates if the relay asks for it. Some relays send their challenge on connect, others only before an answer that
 * authentication would change. So this first sends the filter with limit 1; the challenge comes with its answer at the
 * latest. Rejects if the relay does not accept the authentication.
 */
export async function authenticate(
  conversation: Conversation,
  relay: string,
  filter: Record<string, unknown>,
): Promise<void> {
  if (!(await authenticateIfAsked(conversation, relay, filter))) noteUnasked();
}

/** Like `authenticate`. Resolves with whether the relay asked. */
export async function authenticateIfAsked(
  conversation: Conversation,
  relay: string,
  filter: Record<string, unknown>,
): Promise<boolean> {
  // If there is no key, this throws before anything is sent.
  readSecretKey();
  conversation.send(["REQ", PROBE, { ...filter, limit: 1 }]);
  const challenge = await within(
    conversation.patience,
    UNASKED,
    challengeFrom(conversation, { isProbing: true }),
  );
  conversation.send(["CLOSE", PROBE]);
  if (challenge === undefined) return false;
  await prove(conversation, relay, challenge);
  return true;
}

export function noteUnasked(): void {
  note(UNASKED);
}

/** Authenticates after the relay has refused something with `auth-required:`. */
export async function authenticateNow(conversation: Conversation, relay: string): Promise<void> {
  const asked = challengeFrom(conversation, { isProbing: false });
  const challenge = await within(conversation.patience, UNASKED, asked);
  if (challenge !== undefined) await prove(conversation, relay, challenge);
}

async function prove(conversation: Conversation, relay: string, challenge: string): Promise<void> {
  const proof = finalizeEvent(makeAuthEvent(relay, challenge), readSecretKey());
  conversation.send(["AUTH", proof]);
  const [accepted, reason] = await answerTo(conversation, proof.id);
  if (!accepted) throw new CommandError(`the relay did not accept the authentication: ${oneLine(reason)}`);
}

/** Waits for a challenge. Undefined if the probe was answered without one. */
async function challengeFrom(
  conversation: Conversation,
  { isProbing }: { isProbing: boolean },
): Promise<string | undefined> {
  for (;;) {
    const challenge = conversation.challenge();
    if (challenge !== undefined) return challenge;
    const message = await conversation.receive();
    if (!message) throw new CommandError("the relay closed the connection");
    const [verb, first, second] = message;
    if (!isProbing || first !== PROBE) continue;
    // If a relay refuses the probe, its challenge may come before or after the refusal.
    if (verb === "EOSE" || (verb === "CLOSED" && !/^(auth-required|restricted):/.test(textOf(second))))
      return undefined;
  }
}
