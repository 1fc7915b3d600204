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

/** As the OpenAPI document tells of it. */
export function problemAnswer(description: string) {
  return { description, content: { "application/json": { schema: problemSchema } } };
}

/** Whatever is asked for. */
export const ANSWERED_ANYWHERE = {
  403: problemAnswer("Nothing is taken from this address"),
  429: problemAnswer("Too much was asked in too short a time: Retry-After says when to come back"),
  500: problemAnswer("A mistake of the relay"),
};

/** What the work needs does not answer: a failure that passes, told apart from our own mistakes. */
export async function orUnavailable<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new HTTPException(503, { cause });
  }
}
