/** The --auth option: proving to a relay who you are (NIP-42). */
import { makeAuthEvent } from "nostr-tools/nip42";
import { finalizeEvent } from "nostr-tools/pure";
import { answerTo, type Conversation, within } from "./conversation.ts";
import { oneLine } from "./printing.ts";
import { readSecretKey } from "./secret-key.ts";
import { CommandError } from "./usage.ts";

export const AUTH_OPTION = { auth: { type: "boolean", default: false } } as const;

export const AUTH_HELP =
  "  --auth             prove first that you hold the key in NOSTR_SECRET_KEY (NIP-42)\n";

const CHALLENGE_MILLISECONDS = 5000;

/** Rejects when the relay asks for no proof, or does not take it. */
export async function authenticate(conversation: Conversation, relay: string): Promise<void> {
  const secret = readSecretKey();
  const asked = challengeOf(conversation);
  const challenge = await within(CHALLENGE_MILLISECONDS, "the relay did not ask who you are", asked);
  const proof = finalizeEvent(makeAuthEvent(relay, challenge), secret);
  conversation.send(["AUTH", proof]);
  const [accepted, reason] = await answerTo(conversation, proof.id);
  if (!accepted) throw new CommandError(`the relay did not take who you are: ${oneLine(reason)}`);
}

/** What a relay said why it refuses, and what the user can do about it. */
export function refusal(reason: string, { auth }: { auth: boolean }): string {
  const isMended = !auth && reason.startsWith("auth-required:");
  return `${oneLine(reason) || "it gave no reason"}${isMended ? " (--auth tells it who you are)" : ""}`;
}

async function challengeOf(conversation: Conversation): Promise<string> {
  for (;;) {
    const message = await conversation.receive();
    if (!message) throw new CommandError("the relay closed the connection");
    const [verb, challenge] = message;
    if (verb === "AUTH" && typeof challenge === "string") return challenge;
  }
}
