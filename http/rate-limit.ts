/** Addresses pay for what they ask over HTTP too, each process or isolate counting for itself. */
import type { Context, Next } from "hono";
import { networkOf, type Payer } from "../relay/payer.ts";
import { frameCost } from "../relay/toll.ts";
import type { AppEnv } from "./app.ts";
import { problem } from "./problem.ts";

/** Where the request comes from; undefined when the platform does not tell. */
export function addressOf(c: Context<AppEnv>): string | undefined {
  return c.req.header("cf-connecting-ip");
}

/** Whoever asks over HTTP proves no key. */
export function clientOf(c: Context<AppEnv>): Payer {
  return { network: networkOf(addressOf(c)), keys: [] };
}

export async function limitRate(c: Context<AppEnv>, next: Next): Promise<Response | void> {
  const { toll, metrics } = c.env;
  const refusal = toll.refusal(clientOf(c));
  if (!refusal) {
    toll.pay(clientOf(c), frameCost(c.req.url));
    return next();
  }
  metrics.add("clients_limited_counts", "http");
  return c.json(problem(refusal.prefix, refusal.reason), 429, { "retry-after": String(refusal.seconds) });
}
