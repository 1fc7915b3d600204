/** Refuses addresses that were blocked at run time (NIP-86). */
import type { Context, Next } from "hono";
import type { Refusal } from "../nostr/message.ts";
import { BLOCKED_ADDRESS, type Moderation } from "../relay/access/moderation-snapshot.ts";
import type { AppEnv, Decisions } from "./app-env.ts";
import { problem } from "./problem.ts";
import { addressOf } from "./rate-limit.ts";

/** Refuses by the newest decisions. */
export async function refuseBlocked(c: Context<AppEnv>, next: Next): Promise<Response | undefined> {
  if (await refusalOfAddress(c)) return blocked(c);
  await next();
  return undefined;
}

/** Like `refuseBlocked`, but does not read the database for an address that was not blocked at the last read. */
export async function refuseKnownBlocked(c: Context<AppEnv>, next: Next): Promise<Response | undefined> {
  const isKnown = c.env.decisions.last()?.isBlocked(addressOf(c)) ?? false;
  if (isKnown) return refuseBlocked(c, next);
  await next();
  return undefined;
}

export function blocked(c: Context<AppEnv>): Response {
  return c.json(problem(BLOCKED_ADDRESS.prefix, BLOCKED_ADDRESS.reason), 403);
}

/** Returns why the client's address may not ask, by the newest decisions; undefined if it may. */
export async function refusalOfAddress(c: Context<AppEnv>): Promise<Refusal | undefined> {
  const moderation = await currentIfThere(c.env.decisions);
  return moderation?.isBlocked(addressOf(c)) ? BLOCKED_ADDRESS : undefined;
}

/** Undefined if the database does not answer. Routes that need it report that themselves. */
async function currentIfThere({ current }: Decisions): Promise<Moderation | undefined> {
  try {
    return await current();
  } catch {
    return undefined;
  }
}
