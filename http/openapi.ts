/**
 * The OpenAPI document: the requests and answers over HTTP. It only describes; it parses nothing. Its bounds are those of the
 * parsers. Tests send the requests that it allows, and compare every answer with it.
 */
import { LONGEST_SEARCH, MOST_PHRASES } from "../nostr/search.ts";
import type { Outcome } from "../relay/ingest/ingest.ts";
import { LEVELS } from "../store/store-size.ts";
import { LONGEST_KEYWORD } from "./event-query.ts";
import { MANAGEMENT_TYPE } from "./management.ts";
import { RELAY_DOCUMENT_TYPE } from "./relay-document.ts";

/** The part of JSON Schema 2020-12 that is used here. */
export interface Schema {
  $ref?: string;
  type?: string | string[];
  description?: string;
  enum?: unknown[];
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  items?: Schema;
  minItems?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema;
}

export interface Parameter {
  name: string;
  in: "query" | "path";
  required: boolean;
  description?: string;
  schema: Schema;
  style?: "form";
  explode?: boolean;
}

interface Body {
  /** By media type. */
  content: Record<string, { schema: Schema }>;
}

interface Operation {
  summary: string;
  parameters?: Parameter[];
  requestBody?: Body & { required: true };
  /** By status. */
  responses: Record<string, Body & { description: string }>;
}

export interface OpenApiDocument {
  openapi: "3.1.0";
  info: { title: string; version: string; description: string };
  components: { schemas: Record<string, Schema> };
  /** By path and method. */
  paths: Record<string, Record<string, Operation>>;
}

/** Returns the document. `version` is the relay's version. */
export function openApiDocument(version: string): OpenApiDocument {
  return {
    openapi: "3.1.0",
    info: { title: "Tributary", version, description: "A Nostr relay over HTTP" },
    components: { schemas: SCHEMAS },
    paths: {
      "/": { get: HOME, post: MANAGE },
      "/api/v1/events": { get: QUERY, post: PUBLISH },
      "/api/v1/events/count": { get: COUNT },
      "/api/v1/events/{id}": { get: READ },
      "/health": { get: HEALTH },
      "/health/ready": { get: READY },
      "/metrics": { get: METRICS },
      "/api/v1/openapi.json": { get: DOCUMENT },
    },
  };
}

const text: Schema = { type: "string" };
const hex = (length: number): Schema => ({
  type: "string",
  pattern: `^[0-9a-f]{${length}}$`,
  description: `${length} lower-case hex characters`,
});
const list = (items: Schema): Schema => ({ type: "array", items });
const kind: Schema = { type: "integer", minimum: 0, maximum: 65_535 };
const bounded: Schema = { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER };

/** Returns the schema of an object. Its `optional` fields may be missing. */
function object(properties: Record<string, Schema>, optional: Record<string, Schema> = {}): Schema {
  const required = Object.keys(properties);
  return {
    type: "object",
    properties: { ...properties, ...optional },
    ...(required.length > 0 && { required }),
  };
}

/** The outcomes that are not refusals. They are keys, so that a missing one does not compile. */
const OUTCOMES: Record<Exclude<Outcome["kind"], "refused" | "deleted" | "banned" | "no-room">, true> = {
  stored: true,
  duplicate: true,
  superseded: true,
  "passed-on": true,
  "not-meant-for-us": true,
};

const SCHEMAS = {
  Problem: object({ error: object({ code: text, message: text }) }),
  Event: object({
    id: hex(64),
    pubkey: hex(64),
    created_at: { type: "integer", minimum: 0, description: "Unix seconds" },
    kind,
    tags: list({ ...list(text), minItems: 1 }),
    content: text,
    sig: hex(128),
  }),
  EventPage: object(
    {
      events: list({ $ref: "#/components/schemas/Event" }),
      cursor: {
        type: ["string", "null"],
        description: "The cursor of the next page. null: there are no more events, or this is a search",
      },
    },
    {
      unfinished: {
        ...text,
        description: "The search stopped before it had looked at everything: why. More events may match",
      },
    },
  ),
  EventCount: object(
    { count: { type: "integer", minimum: 0 } },
    {
      approximate: {
        type: "boolean",
        enum: [true],
        description: "true: there are too many events for an exact count, and this is an estimate",
      },
      hll: {
        ...hex(512),
        description:
          "HyperLogLog value of the authors, for the canonical queries of NIP-45. It can be merged with those of other relays",
      },
    },
  ),
  PublishResult: object({
    id: hex(64),
    outcome: { type: "string", enum: Object.keys(OUTCOMES) },
    message: { ...text, description: "The text of the OK message in NIP-01; may be empty" },
  }),
};

function schema(name: keyof typeof SCHEMAS): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

function json(content: Schema, description: string) {
  return { description, content: { "application/json": { schema: content } } };
}

function problem(description: string) {
  return json(schema("Problem"), description);
}

const answerOfManagement = object(
  {},
  {
    result: {},
    error: text,
    message: { ...text, description: "The state after a change, in words" },
  },
);

function managed(description: string) {
  return { description, content: { [MANAGEMENT_TYPE]: { schema: answerOfManagement } } };
}

/** Answers that every route may give. */
const ANYWHERE = {
  403: problem("This address is blocked"),
  429: problem("Too many requests. Retry-After says how many seconds to wait"),
  500: problem("Internal error of the relay"),
};

const UNAVAILABLE = problem("The database does not answer; try again");
const AUTH_REQUIRED = problem("Only for clients that have authenticated, over WebSocket");

function parameter(name: string, description: string, value: Schema): Parameter {
  return { name, in: "query", required: false, description, schema: { ...value, description } };
}

function listParameter(name: string, description: string, items: Schema): Parameter {
  return { ...parameter(name, description, { ...list(items), minItems: 1 }), style: "form", explode: false };
}

function tagParameter(letter: string, value: Schema, also = ""): Parameter {
  return listParameter(
    `tag.${letter}`,
    `Values of the ${letter} tag${also}. Any one letter may stand after the point; a comma inside a value is written \\, and a backslash \\\\`,
    value,
  );
}

/** Parameters that select events. */
const CONDITIONS = [
  listParameter(
    "ids",
    "Event ids in hex, note1… or nevent1…. Separate them by commas, or repeat the parameter",
    hex(64),
  ),
  listParameter(
    "authors",
    "Public keys in hex, npub1… or nprofile1…. Separate them by commas, or repeat the parameter",
    hex(64),
  ),
  listParameter("kinds", "Kinds. Separate them by commas, or repeat the parameter", kind),
  tagParameter("e", hex(64), ", in hex, or note1… and nevent1…"),
  tagParameter("p", hex(64), ", in hex, or npub1… and nprofile1…"),
  tagParameter("t", text),
  tagParameter("d", text),
  tagParameter("a", text, ", kind:pubkey:d, or naddr1…"),
  parameter("since", "Unix seconds, inclusive", bounded),
  parameter("until", "Unix seconds, inclusive", bounded),
  parameter(
    "search",
    "The event has all of these words, at most 10 (NIP-50). The answer is one page, best match first; order has no effect",
    {
      type: "string",
      maxLength: LONGEST_SEARCH,
      pattern: `^\\s*(\\S+(\\s+\\S+){0,${MOST_PHRASES - 1}})?\\s*$`,
    },
  ),
  parameter("keyword", "The content contains this exact text", {
    type: "string",
    minLength: 1,
    maxLength: LONGEST_KEYWORD,
  }),
];

/** Parameters of a page. */
const PAGE = [
  parameter("limit", "At most this many events, and never more than the relay's own limit", bounded),
  parameter("order", "desc (newest first, default) or asc (oldest first)", {
    type: "string",
    enum: ["desc", "asc"],
  }),
  // `cursorAfter`: the time and the id of the last event of a page.
  parameter("cursor", "The cursor of the previous page", {
    type: "string",
    pattern: "^([0-9]{1,15}|[0-8][0-9]{15})\\.[0-9a-f]{64}$",
  }),
];

const HOME: Operation = {
  summary: "The relay itself",
  responses: {
    ...ANYWHERE,
    200: {
      description: "The relay information document (NIP-11) if Accept names its type, otherwise a home page",
      content: {
        [RELAY_DOCUMENT_TYPE]: {
          schema: {
            ...object({ name: text, supported_nips: list({ type: "integer" }) }),
            additionalProperties: {},
          },
        },
        "text/html": { schema: text },
      },
    },
  },
};

const MANAGE: Operation = {
  summary: "Manage the relay (NIP-86)",
  requestBody: {
    required: true,
    content: { [MANAGEMENT_TYPE]: { schema: object({ method: text, params: list({}) }) } },
  },
  responses: {
    ...ANYWHERE,
    200: managed("The result, or an error if nothing was done"),
    400: managed("The body is not JSON"),
    401: managed("The request is not signed (NIP-98), or its signature was used before"),
    403: {
      description: "The key is not an admin's, or this address is blocked",
      content: { ...managed("").content, ...problem("").content },
    },
    413: managed("The body is too long"),
    415: problem(`What is posted is not ${MANAGEMENT_TYPE}`),
    503: managed("The database does not answer; try again"),
  },
};

const QUERY: Operation = {
  summary: "Stored events",
  parameters: [...CONDITIONS, ...PAGE],
  responses: {
    ...ANYWHERE,
    200: json(schema("EventPage"), "One page of events"),
    400: problem("A parameter is wrong, or this asks for too much at once"),
    401: AUTH_REQUIRED,
    503: UNAVAILABLE,
  },
};

const COUNT: Operation = {
  summary: "The number of stored events",
  parameters: CONDITIONS,
  responses: {
    ...ANYWHERE,
    200: json(schema("EventCount"), "Their number"),
    400: problem("A parameter is wrong, or this asks for too much at once"),
    401: AUTH_REQUIRED,
    503: UNAVAILABLE,
  },
};

const READ: Operation = {
  summary: "One stored event",
  parameters: [
    { name: "id", in: "path", required: true, description: hex(64).description ?? "", schema: hex(64) },
  ],
  responses: {
    ...ANYWHERE,
    200: json(schema("Event"), "The event"),
    400: problem("This is not an event id"),
    401: AUTH_REQUIRED,
    404: problem("The event is not stored here"),
    503: UNAVAILABLE,
  },
};

const PUBLISH: Operation = {
  summary: "Publish an event",
  requestBody: { required: true, content: { "application/json": { schema: schema("Event") } } },
  responses: {
    ...ANYWHERE,
    200: json(
      schema("PublishResult"),
      "The event was already stored, or is ephemeral and was sent to live subscriptions, or is for other relays",
    ),
    201: json(schema("PublishResult"), "Stored"),
    400: problem("Not a valid event"),
    401: problem("Only for clients that have authenticated"),
    403: problem("The relay does not accept this event, or this address is blocked"),
    413: problem("The body is too long"),
    503: UNAVAILABLE,
  },
};

const HEALTH: Operation = {
  summary: "Whether the relay runs",
  responses: {
    ...ANYWHERE,
    200: json(
      object({ status: { type: "string", enum: ["ok"] } }),
      "The relay runs; its database is not asked",
    ),
  },
};

const READY: Operation = {
  summary: "Whether the relay and its database work",
  responses: {
    ...ANYWHERE,
    200: json(
      object({
        status: { type: "string", enum: ["ok"] },
        store: object({
          level: {
            type: "string",
            enum: LEVELS.map(([, level]) => level),
            description: "reserved: nothing is stored from upstreams. full: only deletions are stored",
          },
          percent: { type: "integer", minimum: 0, description: "How much of MAX_STORE_BYTES is used" },
        }),
      }),
      "The relay and its database answer",
    ),
    503: problem("The database does not answer"),
  },
};

const METRICS: Operation = {
  summary: "Metrics for Prometheus, for operators",
  responses: {
    ...ANYWHERE,
    200: { description: "Prometheus text", content: { "text/plain": { schema: text } } },
    401: problem("The request has neither METRICS_TOKEN nor an admin's signature (NIP-98)"),
    503: problem("The counters do not answer"),
  },
};

const DOCUMENT: Operation = {
  summary: "This document",
  responses: {
    ...ANYWHERE,
    200: json({ type: "object", properties: {}, additionalProperties: {} }, "OpenAPI 3.1"),
  },
};
