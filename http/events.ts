/** Stored events over HTTP: query, read one, publish. */
import { createRoute, type OpenAPIHono, z } from "@hono/zod-openapi";
import { isHex64 } from "../nostr/event.ts";
import { okFields, type Outcome } from "../relay/ingest.ts";
import type { Query } from "../store/store.ts";
import type { AppEnv } from "./app.ts";
import { cursorAfter, parseEventQuery } from "./event-query.ts";
import { problem, problemSchema } from "./problem.ts";

const eventSchema = z
  .object({
    id: z.string().openapi({ description: "64 lower-case hex characters" }),
    pubkey: z.string(),
    created_at: z.number().int().openapi({ description: "Unix seconds" }),
    kind: z.number().int(),
    tags: z.array(z.array(z.string())),
    content: z.string(),
    sig: z.string(),
  })
  .openapi("Event");

const pageSchema = z
  .object({ events: z.array(eventSchema), cursor: z.string().nullable() })
  .openapi("EventPage");
const resultSchema = z
  .object({
    id: z.string(),
    outcome: z.enum(["stored", "duplicate", "superseded", "passed-on"]),
    message: z.string(),
  })
  .openapi("PublishResult");

const list = (description: string) =>
  z
    .union([z.string(), z.array(z.string())])
    .optional()
    .openapi({ description });
const text = (description: string) => z.string().optional().openapi({ description });

/** For the document; `event-query.ts` reads the parameters themselves. */
const queryParameters = z.object({
  ids: list("Event ids, comma-separated or repeated"),
  authors: list("Public keys in hex, comma-separated or repeated"),
  kinds: list("Kinds, comma-separated or repeated"),
  "tag.e": list("Values of an e tag; any letter goes: tag.p, tag.t, tag.d …"),
  since: text("Unix seconds, inclusive"),
  until: text("Unix seconds, inclusive"),
  limit: text("Most events in the answer"),
  keyword: text("The content contains this text"),
  order: z.enum(["desc", "asc"]).optional().openapi({ description: "desc: newest first, the default" }),
  cursor: text("From the answer before: what comes after it"),
});

export const queryRoute = createRoute({
  method: "get",
  path: "/api/v1/events",
  request: { query: queryParameters },
  responses: {
    200: { description: "Stored events", content: { "application/json": { schema: pageSchema } } },
    400: { description: "A parameter is wrong", content: { "application/json": { schema: problemSchema } } },
  },
});

export const eventRoute = createRoute({
  method: "get",
  path: "/api/v1/events/{id}",
  request: { params: z.object({ id: z.string() }) },
  responses: {
    200: { description: "The event", content: { "application/json": { schema: eventSchema } } },
    400: { description: "Not an id", content: { "application/json": { schema: problemSchema } } },
    404: { description: "Not stored here", content: { "application/json": { schema: problemSchema } } },
  },
});

export const publishRoute = createRoute({
  method: "post",
  path: "/api/v1/events",
  request: { body: { content: { "application/json": { schema: eventSchema } } } },
  responses: {
    200: {
      description: "Already known, or passed on",
      content: { "application/json": { schema: resultSchema } },
    },
    201: { description: "Stored", content: { "application/json": { schema: resultSchema } } },
    400: { description: "Not a valid event", content: { "application/json": { schema: problemSchema } } },
    403: { description: "Not welcome here", content: { "application/json": { schema: problemSchema } } },
    413: { description: "Too long", content: { "application/json": { schema: problemSchema } } },
  },
});

export function addEventRoutes(app: OpenAPIHono<AppEnv>): void {
  // The routes are documented by the schemas above, and read by the protocol's own parsers.
  for (const route of [queryRoute, eventRoute, publishRoute]) app.openAPIRegistry.registerPath(route);

  app.get("/api/v1/events", async (c) => {
    const { config } = c.env;
    const parsed = parseEventQuery(new URL(c.req.url).searchParams, config);
    if (!parsed.ok) return c.json(problem("invalid", parsed.reason), 400);
    const { events, more } = await readOne(c.env, parsed.query);
    const last = events.at(-1);
    const cursor = more && last ? JSON.stringify(cursorAfter(last)) : "null";
    return jsonText(`{"events":[${events.map(({ json }) => json).join(",")}],"cursor":${cursor}}`);
  });

  app.get("/api/v1/events/:id", async (c) => {
    const id = c.req.param("id");
    if (!isHex64(id)) return c.json(problem("invalid", "an event id is 64 lower-case hex characters"), 400);
    const { events } = await readOne(c.env, { filter: { ids: [id], tags: [] }, limit: 1 });
    const [event] = events;
    return event ? jsonText(event.json) : c.json(problem("not-found", `event ${id} is not stored here`), 404);
  });

  app.post("/api/v1/events", async (c) => {
    const { config, ingest, metrics } = c.env;
    const body = await readBounded(c.req.raw, config.MAX_MESSAGE_LENGTH);
    if (body === undefined) {
      return c.json(problem("too-long", `the body is longer than ${config.MAX_MESSAGE_LENGTH} bytes`), 413);
    }
    const parsed = parseJson(body);
    if (!parsed.ok) return c.json(problem("invalid", "the body is not JSON"), 400);
    const outcome = await ingest(parsed.value);
    if (outcome.kind === "refused") {
      metrics.add("events_refused_counts", "http");
      return c.json(problem(outcome.prefix, outcome.reason), outcome.prefix === "invalid" ? 400 : 403);
    }
    return c.json(publishResult(parsed.value, outcome), outcome.kind === "stored" ? 201 : 200);
  });
}

async function readOne({ store, metrics }: AppEnv["Bindings"], query: Query) {
  const { answers, cost } = await store.read([query]);
  metrics.add("d1_rows_read", "http", cost.rowsRead);
  const [answer] = answers;
  if (!answer) throw new Error("the store gave no answer to a query");
  return answer;
}

function publishResult(value: unknown, outcome: Outcome) {
  const [, message] = okFields(outcome);
  return { id: (value as { id: string }).id, outcome: outcome.kind, message };
}

/** Stored events are JSON already. */
function jsonText(text: string): Response {
  return new Response(text, { headers: { "content-type": "application/json; charset=UTF-8" } });
}

/** Undefined when there is more than `bytes`; no more than that is ever held. */
async function readBounded(request: Request, bytes: number): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let size = 0;
  let body = "";
  if (!request.body) return body;
  for await (const chunk of request.body as unknown as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > bytes) return undefined;
    body += decoder.decode(chunk, { stream: true });
  }
  return body + decoder.decode();
}

function parseJson(body: string): { ok: true; value: unknown } | { ok: false } {
  try {
    return { ok: true, value: JSON.parse(body) };
  } catch {
    return { ok: false };
  }
}
