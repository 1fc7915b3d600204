/** Authenticates to an upstream (NIP-42). */
import type { Event } from "../../nostr/event.ts";
import { type Line, shortText } from "./line.ts";

/** Signs the answer to a challenge. */
export type Sign = (challenge: string) => Event;

/** How long a challenge, or the OK for an authentication, may take. */
const AUTH_MILLISECONDS = 5000;
export const NO_KEY = "the upstream wants authentication: set RELAY_SECRET_KEY";

/** Answers the upstream's challenge. Returns why that was not possible; undefined if the upstream accepts it. */
export async function authenticate(line: Line, sign: Sign | undefined): Promise<string | undefined> {
  if (!sign) return NO_KEY;
  const challenge = line.challenge ?? (await waitForChallenge(line));
  if (challenge === undefined) return "the upstream wants authentication and sends no challenge";
  const proof = sign(challenge);
  return line.run<string | undefined>({
    message: ["AUTH", proof],
    within: AUTH_MILLISECONDS,
    take([verb, id, isAccepted, reason]) {
      if (verb !== "OK" || id !== proof.id) return undefined;
      return {
        done:
          isAccepted === true ? undefined : `the upstream refused the authentication: ${shortText(reason)}`,
      };
    },
    // Some relays send no OK. Whether they accept it, the next answer shows.
    interrupted: () => undefined,
  });
}

function waitForChallenge(line: Line): Promise<string | undefined> {
  return line.run<string | undefined>({
    within: AUTH_MILLISECONDS,
    take: ([verb]) => (verb === "AUTH" ? { done: line.challenge } : undefined),
    interrupted: () => undefined,
  });
}
