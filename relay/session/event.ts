/** Answers one EVENT with its OK. */
import type { Event } from "../../nostr/event.ts";
import { okFrame } from "../../nostr/message.ts";
import { reasonFor } from "../../store/database/database.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { TracePlace } from "../../telemetry/tracing.ts";
import { type Ingest, okFields, type Outcome, refusalOf, type Sender } from "../ingest/ingest.ts";
import { challengeForRefusal, nameOf } from "./authenticate.ts";
import type { Session } from "./session.ts";
import { SIGNATURE_COST, storingCost, textCost } from "../limits/cost.ts";
import type { RateLimiter } from "../limits/rate-limiter.ts";

/** What an EVENT needs of its hub. */
export interface EventDeps {
  ingest: Ingest;
  limiter: Pick<RateLimiter, "charge">;
  metrics: Metrics;
  /** Logs an error whose details the client does not get. */
  report(error: unknown): void;
}

/**
 * Charges the sender: the network, and the keys that this connection has authenticated as. Does not charge the author, unless
 * the connection has authenticated as the author: anyone can send an author's events again.
 */
export async function publish(
  deps: EventDeps,
  session: Session,
  value: unknown,
  trace: TracePlace,
): Promise<void> {
  const { keys, addresses, client } = session;
  deps.limiter.charge(session, SIGNATURE_COST);
  const outcome = await ingest(deps, value, { keys, addresses, client, trace });
  if (outcome.kind !== "refused") deps.limiter.charge(session, textCost(value as Event));
  if (outcome.kind === "stored") deps.limiter.charge(session, storingCost(value as Event));
  const [accepted, message] = okFields(outcome);
  const refusal = refusalOf(outcome);
  if (refusal) deps.metrics.add("events_refused_total", { source: "websocket", reason: refusal.prefix });
  if (outcome.kind === "refused") challengeForRefusal(session, outcome.prefix);
  session.send(okFrame(nameOf(value), accepted, message));
}

async function ingest(deps: EventDeps, value: unknown, sender: Sender): Promise<Outcome> {
  try {
    return await deps.ingest(value, sender);
  } catch (error) {
    deps.report(error);
    const reason = reasonFor(error, "the event could not be stored; try again");
    return { kind: "refused", prefix: "error", reason };
  }
}
