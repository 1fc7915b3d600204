/** Rate limits over HTTP, for each network. Each process or isolate counts on its own; some platforms limit floods beyond it. */
import type { Context, Next } from "hono";
import { networkOf, type Client } from "../relay/limits/client.ts";
import { frameCost } from "../relay/limits/cost.ts";
import type { AppEnv } from "./app-env.ts";
import { problem } from "./problem.ts";

/** Returns the client's IP address; undefined if the platform does not tell. */
export function addressOf(c: Context<AppEnv>): string | undefined {
  return c.env.addressOf(c.req.raw);
}

/** Returns the client to charge. Over HTTP it has no authenticated keys. */
export function clientOf(c: Context<AppEnv>): Client {
  return { network: networkOf(addressOf(c)), keys: [] };
}

export async function limitRate(c: Context<AppEnv>, next: Next): Promise<Response | void> {
  const { limiter, refuseFlood } = c.env;
  const refusal = limiter.limit(clientOf(c)) ?? (await refuseFlood?.(c.req.raw));
  if (!refusal) limiter.charge(clientOf(c), frameCost(c.req.url));
  tellAllowance(c, refusal?.seconds);
  if (!refusal) return next();
  return c.json(problem(refusal.prefix, refusal.reason), 429, { "retry-after": String(refusal.seconds) });
}

/**
 * Says how many requests that find nothing are left when this one begins; those that find more use more.
 * https://www.ietf.org/archive/id/draft-ietf-httpapi-ratelimit-headers-10.txt
 */
function tellAllowance(c: Context<AppEnv>, refusedFor: number | undefined): void {
  const allowance = c.env.limiter.allowance(clientOf(c));
  if (!allowance) return;
  const { perMinute, left, seconds } = allowance;
  const isNone = left === 0 || refusedFor !== undefined;
  c.header("ratelimit-policy", `"work";q=${perMinute};w=60`);
  c.header("ratelimit", isNone ? `"work";r=0;t=${refusedFor ?? seconds}` : `"work";r=${left}`);
}
