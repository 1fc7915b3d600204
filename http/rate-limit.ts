/** Addresses pay for what they ask over HTTP too, each process or isolate counting for itself. */
import type { Context, Next } from "hono";
import { frameCost } from "../relay/toll.ts";
import type { AppEnv } from "./app.ts";
import { problem } from "./problem.ts";

/** Whoever asks over HTTP proves no key. */
export function clientOf(c: Context<AppEnv>): { ip: string | undefined; keys: string[] } {
  return { ip: c.req.header("cf-connecting-ip"), keys: [] };
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
