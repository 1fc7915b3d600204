/** Ingests one event over HTTP, and charges its sender. */
import type { Context } from "hono";
import type { Event } from "../nostr/event.ts";
import { type Outcome, refusalOf } from "../relay/ingest/ingest.ts";
import { SIGNATURE_COST, storingCost, textCost } from "../relay/limits/cost.ts";
import type { AppEnv } from "./app-env.ts";
import { clientOf } from "./rate-limit.ts";

/** Rejects if the store fails. */
export async function ingestOne(c: Context<AppEnv>, value: unknown): Promise<Outcome> {
  const { config, ingest, metrics, limiter } = c.env;
  const { origin } = new URL(c.req.url);
  const sender = {
    keys: new Set<string>(),
    addresses: [config.RELAY_URL || origin.replace(/^http/, "ws")],
    client: clientOf(c).network ?? c,
  };
  limiter.charge(clientOf(c), SIGNATURE_COST);
  const outcome = await ingest(value, sender);
  const refusal = refusalOf(outcome);
  if (refusal) metrics.add("events_refused_total", { source: "http", reason: refusal.prefix });
  // Otherwise it has the shape of an event.
  if (refusal) return outcome;
  limiter.charge(clientOf(c), textCost(value as Event));
  if (outcome.kind === "stored") limiter.charge(clientOf(c), storingCost(value as Event));
  return outcome;
}
