/** What was counted in the last hour, day or month, for a dashboard. */
import type { Hono } from "hono";
import { described } from "../nostr/characters.ts";
import { type RangeName, RANGES } from "../telemetry/stats-answer.ts";
import type { AppEnv } from "./app-env.ts";
import { forOperators } from "./for-operators.ts";
import { orUnavailable, problem } from "./problem.ts";

export function addStats(app: Hono<AppEnv>): void {
  app.get("/api/v1/stats", forOperators, async (c) => {
    const range = c.req.query("range") ?? "hour";
    if (isRange(range)) return c.json(await orUnavailable(() => c.env.stats(range)));
    const expected = Object.keys(RANGES).join(", ");
    return c.json(problem("invalid", `range is ${described(range)}, expected one of ${expected}`), 400);
  });
}

function isRange(value: string): value is RangeName {
  return Object.hasOwn(RANGES, value);
}
