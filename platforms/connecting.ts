/** A client's attempt to connect, until a hub takes it. A refusal is an answer over HTTP, because that can give a reason. */
import { getPath } from "hono/utils/url";
import { REFUSAL_STATUS } from "../http/refusal.ts";
import type { Refusal } from "../nostr/message.ts";
import { networkOf } from "../relay/limits/client.ts";
import { CONNECTION_COST } from "../relay/limits/cost.ts";
import type { RateLimiter, TooMuch } from "../relay/limits/rate-limiter.ts";

interface Attempt {
  /** The client's address; undefined if it is not limited. */
  ip: string | undefined;
  limiter: RateLimiter;
  /** Absent: nothing but the limiter refuses it. */
  refuseFlood?(request: Request): Promise<TooMuch | undefined>;
}

/** Charges an attempt to connect. Returns the answer if it is refused before any hub is asked. */
export async function refuseAttempt(
  request: Request,
  { ip, limiter, refuseFlood }: Attempt,
): Promise<Response | undefined> {
  const client = { network: networkOf(ip), keys: [] };
  const limited = limiter.limit(client, "websocket");
  // Also if no hub has room.
  limiter.charge(client, CONNECTION_COST);
  const refusal = limited ?? (await refuseFlood?.(request));
  if (refusal) return refusedUpgrade(refusal);
  // One relay has one address (NIP-01). Another path would be a second address of the same relay.
  return getPath(request) === "/"
    ? undefined
    : new Response("WebSockets connect at the path /", { status: 404 });
}

export function refusedUpgrade(refusal: Refusal): Response {
  const { prefix, reason } = refusal;
  return new Response(`${prefix}: ${reason}`, {
    status: REFUSAL_STATUS[prefix],
    headers: "seconds" in refusal ? { "retry-after": String(refusal.seconds) } : {},
  });
}

export function allHubsFull(): Response {
  return new Response("all hubs are full; try again later", {
    status: 503,
    headers: { "retry-after": "30" },
  });
}
