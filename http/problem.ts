/** Error answers: a stable code and a sentence. */
import { HTTPException } from "hono/http-exception";
import type { Prefix } from "../nostr/message.ts";

/** The stable codes, besides the prefixes of OK messages (NIP-01). The code of a refused event is its prefix. */
export const OWN_CODES = [
  "not-found",
  "unsupported-type",
  "method-not-allowed",
  "too-long",
  "unavailable",
  "internal",
] as const;

type ProblemCode = Prefix | (typeof OWN_CODES)[number];

export function problem(code: ProblemCode, message: string) {
  return { error: { code, message } };
}

/** A dependency such as the database does not answer. This is temporary, and distinct from errors in the relay. */
export async function orUnavailable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new HTTPException(503, { cause });
  }
}
