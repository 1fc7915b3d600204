/** Publishes an event over HTTP. */
import type { Context, Hono } from "hono";
import type { Event } from "../nostr/event.ts";
import { okFields, refusalOf } from "../relay/ingest/ingest.ts";
import { lengthCost, parsingCost, SIGNATURE_COST, storingCost, textCost } from "../relay/limits/cost.ts";
import type { AppEnv } from "./app-env.ts";
import { refuseBlocked } from "./blocked.ts";
import { orUnavailable, problem } from "./problem.ts";
import { clientOf } from "./rate-limit.ts";
import { REFUSAL_STATUS } from "./refusal.ts";
import { readJson } from "./request-body.ts";

export function addPublishing(app: Hono<AppEnv>): void {
  // Reads ask for the newest decisions in their own round trip.
  app.post("/api/v1/events", refuseBlocked, publish);
}

async function publish(c: Context<AppEnv>): Promise<Response> {
  const { config, ingest, metrics, limiter } = c.env;
  const body = await readJson(c.req.raw, config.MAX_MESSAGE_LENGTH, (shape, bytes) =>
    limiter.charge(clientOf(c), lengthCost(bytes) + parsingCost(shape)),
  );
  if (!body.ok) return c.json(problem(body.code, body.reason), body.code === "too-long" ? 413 : 400);
  const { origin } = new URL(c.req.url);
  const sender = {
    keys: new Set<string>(),
    addresses: [config.RELAY_URL || origin.replace(/^http/, "ws")],
    client: clientOf(c).network ?? c,
  };
  limiter.charge(clientOf(c), SIGNATURE_COST);
  const outcome = await orUnavailable(() => ingest(body.value, sender));
  const refusal = refusalOf(outcome);
  if (refusal) {
    metrics.add("events_refused_total", { source: "http", reason: refusal.prefix });
    if (outcome.kind === "no-room") return c.json(problem("unavailable", refusal.reason), 503);
    return c.json(problem(refusal.prefix, refusal.reason), REFUSAL_STATUS[refusal.prefix]);
  }
  // It was not refused, so it has the shape of an event.
  const event = body.value as Event;
  if (outcome.kind !== "refused") limiter.charge(clientOf(c), textCost(event));
  if (outcome.kind === "stored") limiter.charge(clientOf(c), storingCost(event));
  const [, message] = okFields(outcome);
  return c.json({ id: event.id, outcome: outcome.kind, message }, outcome.kind === "stored" ? 201 : 200);
}
