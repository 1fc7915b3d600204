/** Events over HTTP: query, count, read one, publish. */
import type { Context, Hono } from "hono";
import { described } from "../nostr/characters.ts";
import { type Event, isHex64 } from "../nostr/event.ts";
import { type Prefix, type Refusal, countAnswer } from "../nostr/message.ts";
import { plainValue } from "../nostr/nip19-value.ts";
import { EVENT_ID } from "../nostr/reference.ts";
import { okFields, refusalOf } from "../relay/ingest/ingest.ts";
import { lengthCost, parsingCost, SIGNATURE_COST, storingCost, textCost } from "../relay/limits/cost.ts";
import type { AppEnv } from "./app-env.ts";
import { refuseBlocked } from "./blocked.ts";
import { parseEventQuery } from "./event-query.ts";

import { orUnavailable, problem } from "./problem.ts";
import { clientOf } from "./rate-limit.ts";
import { readCount, readPage } from "./read-events.ts";
import { readJson } from "./request-body.ts";

const REFUSAL_STATUS = {
  // The read exceeds a bound of relay/reads.ts. Asking again gives the same answer.
  error: 400,
  invalid: 400,
  unsupported: 400,
  "auth-required": 401,
  blocked: 403,
  mute: 403,
  pow: 403,
  restricted: 403,
  duplicate: 409,
  "rate-limited": 429,
} as const satisfies Record<Prefix, number>;

export function addEventRoutes(app: Hono<AppEnv>): void {
  app.get("/api/v1/events", query);
  app.get("/api/v1/events/count", count);
  app.get("/api/v1/events/:id", readOne);
  // Reads ask for the newest decisions in their own round trip.
  app.post("/api/v1/events", refuseBlocked, publish);
}

async function query(c: Context<AppEnv>): Promise<Response> {
  const parsed = parseEventQuery(new URL(c.req.url).searchParams, c.env.config);
  if (!parsed.ok) return c.json(problem("invalid", parsed.reason), 400);
  const read = await readPage(c, parsed.query);
  if (!read.ok) return refused(c, read.refusal);
  const { events, cursor, unfinished } = read.value;
  const rest = JSON.stringify({ cursor: cursor ?? null, ...(unfinished !== undefined && { unfinished }) });
  return jsonText(`{"events":[${events.map(({ json }) => json).join(",")}],${rest.slice(1)}`);
}

async function count(c: Context<AppEnv>): Promise<Response> {
  const { searchParams } = new URL(c.req.url);
  const ofPages = ["limit", "order", "cursor"].find((name) => searchParams.has(name));
  if (ofPages) return c.json(problem("invalid", `${ofPages} does not apply to a count`), 400);
  const parsed = parseEventQuery(searchParams, c.env.config);
  if (!parsed.ok) return c.json(problem("invalid", parsed.reason), 400);
  const read = await readCount(c, parsed.query);
  return read.ok ? c.json(countAnswer(read.value)) : refused(c, read.refusal);
}

async function readOne(c: Context<AppEnv, "/api/v1/events/:id">): Promise<Response> {
  const given = c.req.param("id");
  const id = plainValue("ids", given);
  if (!isHex64(id))
    return c.json(
      problem("invalid", `the event id is ${described(given)}, expected ${EVENT_ID.expected}`),
      400,
    );
  const read = await readPage(c, { filter: { ids: [id], tags: [] }, limit: 1 });
  if (!read.ok) return refused(c, read.refusal);
  const [event] = read.value.events;
  return event ? jsonText(event.json) : c.json(problem("not-found", `event ${id} is not stored here`), 404);
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
    metrics.add("events_refused_counts", "http");
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

function refused(c: Context<AppEnv>, refusal: Refusal): Response {
  const { prefix, reason } = refusal;
  const headers = "seconds" in refusal ? { "retry-after": String(refusal.seconds) } : {};
  return c.json(problem(prefix, reason), REFUSAL_STATUS[prefix], headers);
}

/** Answers with text that is already JSON, as stored events are. */
function jsonText(text: string): Response {
  return new Response(text, { headers: { "content-type": "application/json; charset=UTF-8" } });
}
