/** What the OpenAPI document says of the event routes. The protocol's own parsers read the requests. */
import { createRoute, z } from "@hono/zod-openapi";
import { LONGEST_SEARCH } from "../nostr/search.ts";
import { ANSWERED_ANYWHERE, problemAnswer } from "./problem.ts";

const hex = (length: number) =>
  z
    .string()
    .regex(new RegExp(`^[0-9a-f]{${length}}$`))
    .openapi({ description: `${length} lower-case hex characters` });
const seconds = z.int().min(0).openapi({ description: "Unix seconds" });

const eventSchema = z
  .object({
    id: hex(64),
    pubkey: hex(64),
    created_at: seconds,
    kind: z.int().min(0).max(65_535),
    tags: z.array(z.array(z.string()).min(1)),
    content: z.string(),
    sig: hex(128),
  })
  .openapi("Event");

const pageSchema = z
  .object({
    events: z.array(eventSchema),
    cursor: z.string().nullable().openapi({
      description: "For the next page; null: there is no more, or this is the answer to a search",
    }),
  })
  .openapi("EventPage");

const countSchema = z
  .object({
    count: z.int().min(0),
    approximate: z
      .literal(true)
      .optional()
      .openapi({ description: "There are too many to count them one by one: this is an estimate" }),
    hll: hex(512).optional().openapi({
      description:
        "HyperLogLog of the authors, for the canonical queries of NIP-45: merges with other relays'",
    }),
  })
  .openapi("EventCount");

const resultSchema = z
  .object({
    id: hex(64),
    outcome: z.enum(["stored", "duplicate", "superseded", "passed-on", "not-meant-for-us"]),
    message: z.string().openapi({ description: "As in the OK message of NIP-01; may be empty" }),
  })
  .openapi("PublishResult");

const list = <T extends z.ZodType>(item: T, description: string) =>
  z
    .array(item)
    .optional()
    .openapi({ description, param: { style: "form", explode: false } });
const tag = (letter: string) =>
  list(
    z.string(),
    `Values of the ${letter} tag. Any one letter may stand after the point; a comma inside a value is written \\, and a backslash \\\\`,
  );

const queryParameters = z.object({
  ids: list(hex(64), "Event ids, separated by commas or repeated"),
  authors: list(hex(64), "Public keys, separated by commas or repeated"),
  kinds: list(z.int().min(0).max(65_535), "Kinds, separated by commas or repeated"),
  "tag.e": tag("e"),
  "tag.p": tag("p"),
  "tag.t": tag("t"),
  "tag.d": tag("d"),
  "tag.a": tag("a"),
  since: seconds.optional().openapi({ description: "Unix seconds, inclusive" }),
  until: seconds.optional().openapi({ description: "Unix seconds, inclusive" }),
  limit: z
    .int()
    .min(0)
    .optional()
    .openapi({ description: "Most events in the answer; the relay's own limit holds above it" }),
  search: z.string().max(LONGEST_SEARCH).optional().openapi({
    description:
      "Words of which none may be missing (NIP-50). The best match comes first; there is one page, and neither order nor cursor may be given",
  }),
  keyword: z
    .string()
    .min(1)
    .max(256)
    .optional()
    .openapi({ description: "The content contains this text, character by character" }),
  order: z
    .enum(["desc", "asc"])
    .optional()
    .openapi({ description: "desc, the default: newest first; asc: oldest first" }),
  cursor: z.string().optional().openapi({ description: "From the answer before: what comes after it" }),
});

const json = <T extends z.ZodType>(schema: T, description: string) => ({
  description,
  content: { "application/json": { schema } },
});

const unavailable = problemAnswer("The database does not answer, try again");

export const queryRoute = createRoute({
  method: "get",
  path: "/api/v1/events",
  summary: "Stored events",
  request: { query: queryParameters },
  responses: {
    ...ANSWERED_ANYWHERE,
    200: json(pageSchema, "One page of them"),
    400: problemAnswer("A parameter is wrong"),
    401: problemAnswer("Only for those who have authenticated, over WebSocket"),
    503: unavailable,
  },
});

export const countRoute = createRoute({
  method: "get",
  path: "/api/v1/events/count",
  summary: "How many events are stored",
  request: { query: queryParameters.omit({ limit: true, order: true, cursor: true }) },
  responses: {
    ...ANSWERED_ANYWHERE,
    200: json(countSchema, "Their number"),
    400: problemAnswer("A parameter is wrong"),
    401: problemAnswer("Only for those who have authenticated, over WebSocket"),
    503: unavailable,
  },
});

export const readRoute = createRoute({
  method: "get",
  path: "/api/v1/events/{id}",
  summary: "One stored event",
  request: { params: z.object({ id: hex(64) }) },
  responses: {
    ...ANSWERED_ANYWHERE,
    200: json(eventSchema, "The event"),
    400: problemAnswer("This is no event id"),
    401: problemAnswer("Only for those who have authenticated, over WebSocket"),
    404: problemAnswer("It is not stored here"),
    503: unavailable,
  },
});

export const publishRoute = createRoute({
  method: "post",
  path: "/api/v1/events",
  summary: "Publish an event",
  request: { body: { required: true, content: { "application/json": { schema: eventSchema } } } },
  responses: {
    ...ANSWERED_ANYWHERE,
    200: json(resultSchema, "Already stored, passed on to those who listen, or about other relays"),
    201: json(resultSchema, "Stored"),
    400: problemAnswer("Not a valid event"),
    401: problemAnswer("Only for those who have authenticated"),
    403: problemAnswer("The event is not accepted here, or nothing from this address is"),
    413: problemAnswer("The body is too long"),
    503: unavailable,
  },
});
