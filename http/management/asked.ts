/** What decisions on calls of the management API may ask, in a request. */
import type { Context } from "hono";
import type { AppEnv } from "../app-env.ts";
import type { Asked } from "../decision.ts";
import { addressOf } from "../rate-limit.ts";

export function askedOf(c: Context<AppEnv>): Asked {
  const { config, management, now } = c.env;
  const { store, testAlert } = management;
  return { store, config, ip: addressOf(c), now: now(), testAlert };
}
