/** What is answered when something is wrong: a stable code and a sentence. */
import { z } from "@hono/zod-openapi";
import { HTTPException } from "hono/http-exception";
import type { Prefix } from "../nostr/message.ts";

/** A refused event's code is the prefix that a client would see in its OK message (NIP-01). */
export type ProblemCode =
  | Prefix
  | "not-found"
  | "unsupported-type"
  | "method-not-allowed"
  | "too-long"
  | "unavailable"
  | "internal";

export const problemSchema = z
  .object({ error: z.object({ code: z.string(), message: z.string() }) })
  .openapi("Problem");

export function problem(code: ProblemCode, message: string): z.infer<typeof problemSchema> {
  return { error: { code, message } };
}

/** What the work needs does not answer: a failure that passes, told apart from our own mistakes. */
export async function orUnavailable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new HTTPException(503, { cause });
  }
}
