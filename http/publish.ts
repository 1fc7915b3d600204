/** Publishes an event over HTTP, or a batch of them. */
import type { Context, Hono } from "hono";
import type { Event } from "../nostr/event.ts";
import { okFields, refusalOf } from "../relay/ingest/ingest.ts";
import { lengthCost, parsingCost } from "../relay/limits/cost.ts";
import { SPENT_SECONDS } from "../relay/limits/spend-limit.ts";
import type { AppEnv } from "./app-env.ts";
import { refuseBlocked } from "./blocked.ts";
import { orUnavailable, problem } from "./problem.ts";
import { BATCH_TYPE, publishBatch } from "./publish-batch.ts";
import { ingestOne } from "./publish-one.ts";
import { clientOf } from "./rate-limit.ts";
import { REFUSAL_STATUS } from "./refusal.ts";
import { mediaTypeOf, readJson } from "./request-body.ts";

export function addPublishing(app: Hono<AppEnv>): void {
  // Reads ask for the newest decisions in their own round trip.
  app.post("/api/v1/events", refuseBlocked, (c) =>
    mediaTypeOf(c.req.raw) === BATCH_TYPE ? publishBatch(c) : publish(c),
  );
}

async function publish(c: Context<AppEnv>): Promise<Response> {
  const { config, limiter } = c.env;
  const body = await readJson(c, config.MAX_MESSAGE_LENGTH, (shape, bytes) =>
    limiter.charge(clientOf(c), lengthCost(bytes) + parsingCost(shape)),
  );
  if (!body.ok) return c.json(problem(body.code, body.reason), body.status);
  const outcome = await orUnavailable(() => ingestOne(c, body.value));
  const refusal = refusalOf(outcome);
  if (refusal) {
    if (outcome.kind === "no-room") return c.json(problem("unavailable", refusal.reason), 503);
    // Only a relay that has spent its money for this month answers so here.
    if (refusal.prefix === "rate-limited") c.header("retry-after", String(SPENT_SECONDS));
    return c.json(problem(refusal.prefix, refusal.reason), REFUSAL_STATUS[refusal.prefix]);
  }
  // It was not refused, so it has the shape of an event.
  const { id } = body.value as Event;
  const [, message] = okFields(outcome);
  return c.json({ id, outcome: outcome.kind, message }, outcome.kind === "stored" ? 201 : 200);
}
