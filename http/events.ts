/** Stored events over HTTP: query, read one, publish. */
import type { OpenAPIHono } from "@hono/zod-openapi";
import type { Context } from "hono";
import { type Event, isHex64 } from "../nostr/event.ts";
import { countAnswer, type Prefix } from "../nostr/message.ts";
import { okFields, refusalOf } from "../relay/ingest.ts";
import type { Refusal } from "../relay/policy.ts";
import { answerCost, SIGNATURE_COST, storingCost } from "../relay/toll.ts";
import type { Answer, Query, View } from "../store/store.ts";
import type { AppEnv } from "./app.ts";
import { cursorAfter, parseEventQuery } from "./event-query.ts";
import { countRoute, publishRoute, queryRoute, readRoute } from "./event-routes.ts";
import { orUnavailable, problem } from "./problem.ts";
import { addressOf, clientOf } from "./rate-limit.ts";
import { readJson } from "./request-body.ts";

const REFUSAL_STATUS = {
  invalid: 400,
  unsupported: 400,
  "auth-required": 401,
  blocked: 403,
  mute: 403,
  pow: 403,
  restricted: 403,
  duplicate: 409,
  "rate-limited": 429,
  error: 503,
} as const satisfies Record<Prefix, number>;

export function addEventRoutes(app: OpenAPIHono<AppEnv>): void {
  for (const route of [queryRoute, countRoute, readRoute, publishRoute])
    app.openAPIRegistry.registerPath(route);

  app.get(queryRoute.getRoutingPath(), async (c) => {
    const parsed = parseEventQuery(new URL(c.req.url).searchParams, c.env.config);
    if (!parsed.ok) return c.json(problem("invalid", parsed.reason), 400);
    const refusal = await refusedRead(c.env);
    if (refusal) return c.json(problem(refusal.prefix, refusal.reason), REFUSAL_STATUS[refusal.prefix]);
    const { events, more } = await readOne(c, parsed.query);
    const last = events.at(-1);
    const hasPages = parsed.query.filter.search === undefined;
    const cursor = more && last && hasPages ? JSON.stringify(cursorAfter(last)) : "null";
    return jsonText(`{"events":[${events.map(({ json }) => json).join(",")}],"cursor":${cursor}}`);
  });

  app.get(countRoute.getRoutingPath(), async (c) => {
    const { store, config, metrics, toll, now } = c.env;
    const { searchParams } = new URL(c.req.url);
    const ofPages = ["limit", "order", "cursor"].find((name) => searchParams.has(name));
    if (ofPages)
      return c.json(problem("invalid", `${ofPages} is for pages of events, and not for a count`), 400);
    const parsed = parseEventQuery(searchParams, config);
    if (!parsed.ok) return c.json(problem("invalid", parsed.reason), 400);
    const refusal = await refusedRead(c.env);
    if (refusal) return c.json(problem(refusal.prefix, refusal.reason), REFUSAL_STATUS[refusal.prefix]);
    const counted = await orUnavailable(() => store.count([{ ...parsed.query, view: strangersView(now()) }]));
    metrics.add("d1_rows_read", "http", counted.cost.rowsRead);
    metrics.add("d1_rows_written", "http", counted.cost.rowsWritten);
    toll.pay(clientOf(c), answerCost(1, counted.cost.rowsRead, []));
    return c.json(countAnswer(counted));
  });

  app.get(readRoute.getRoutingPath(), async (c) => {
    const id = c.req.param("id");
    if (!isHex64(id)) return c.json(problem("invalid", "an event id is 64 lower-case hex characters"), 400);
    const refusal = await refusedRead(c.env);
    if (refusal) return c.json(problem(refusal.prefix, refusal.reason), REFUSAL_STATUS[refusal.prefix]);
    const { events } = await readOne(c, { filter: { ids: [id], tags: [] }, limit: 1 });
    const [event] = events;
    return event ? jsonText(event.json) : c.json(problem("not-found", `event ${id} is not stored here`), 404);
  });

  app.post(publishRoute.getRoutingPath(), async (c) => {
    const { config, ingest, metrics, toll } = c.env;
    const body = await readJson(c.req.raw, config.MAX_MESSAGE_LENGTH);
    if (!body.ok) return c.json(problem(body.code, body.reason), body.code === "too-long" ? 413 : 400);
    const { origin } = new URL(c.req.url);
    const source = {
      keys: new Set<string>(),
      addresses: [config.RELAY_URL || origin.replace(/^http/, "ws")],
      ip: addressOf(c),
    };
    toll.pay(clientOf(c), SIGNATURE_COST);
    const outcome = await orUnavailable(() => ingest(body.value, source));
    const refusal = refusalOf(outcome);
    if (refusal) {
      metrics.add("events_refused_counts", "http");
      return c.json(problem(refusal.prefix, refusal.reason), REFUSAL_STATUS[refusal.prefix]);
    }
    // What was not refused has the shape of an event.
    const event = body.value as Event;
    if (outcome.kind === "stored") toll.pay(clientOf(c), storingCost(event));
    const [, message] = okFields(outcome);
    return c.json({ id: event.id, outcome: outcome.kind, message }, outcome.kind === "stored" ? 201 : 200);
  });
}

/** Over HTTP everybody is a stranger. */
function refusedRead({ moderator }: AppEnv["Bindings"]): Promise<Refusal | undefined> {
  return orUnavailable(() => moderator.refuseRead(new Set()));
}

/** And reads with a stranger's eyes. */
function strangersView(now: number): View {
  return { keys: [], now };
}

async function readOne(c: Context<AppEnv>, query: Omit<Query, "view">): Promise<Answer> {
  const { store, metrics, toll, now } = c.env;
  const view = strangersView(now());
  const { answers, cost } = await orUnavailable(() => store.read([{ ...query, view }]));
  metrics.add("d1_rows_read", "http", cost.rowsRead);
  const [answer] = answers;
  if (!answer) throw new Error("the store gave no answer to a query");
  toll.pay(clientOf(c), answerCost(1, cost.rowsRead, answer.events));
  return answer;
}

/** Stored events are JSON already. */
function jsonText(text: string): Response {
  return new Response(text, { headers: { "content-type": "application/json; charset=UTF-8" } });
}
