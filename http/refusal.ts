/** How HTTP answers what the relay refuses. */
import type { Context } from "hono";
import type { Prefix, Refusal } from "../nostr/message.ts";
import { problem } from "./problem.ts";

export const REFUSAL_STATUS = {
  // The read exceeds a bound of relay/reads.ts. Asking again gives the same answer.
  error: 400,
  invalid: 400,
  unsupported: 400,
  "auth-required": 401,
  blocked: 403,
  mute: 403,
  pow: 403,
  restricted: 403,
  duplicate: 409,
  "rate-limited": 429,
} as const satisfies Record<Prefix, number>;

/** A refusal of a hub. */
export function refusalResponse(refusal: Refusal): Response {
  const { prefix, reason } = refusal;
  // The Worker has checked the bounds before. What a hub says with `error` is that its database does not answer.
  if (prefix === "error") throw new Error(reason);
  const headers = "seconds" in refusal ? { "retry-after": String(refusal.seconds) } : {};
  return Response.json(problem(prefix, reason), { status: REFUSAL_STATUS[prefix], headers });
}

export function refused(c: Context, refusal: Refusal): Response {
  const { prefix, reason } = refusal;
  const status = REFUSAL_STATUS[prefix];
  if ("seconds" in refusal) c.header("retry-after", String(refusal.seconds));
  if (status === 401) c.header("www-authenticate", "Nostr");
  return c.json(problem(prefix, reason), status);
}
