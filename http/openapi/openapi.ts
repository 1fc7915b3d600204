/**
 * The OpenAPI document: the requests and answers over HTTP. It only describes; it parses nothing. Its bounds are those of the
 * parsers. Tests send the requests that it allows, and compare every answer with it.
 */
import { LEVELS } from "../../store/database/store-size.ts";
import { MANAGEMENT_TYPE } from "../management/management.ts";
import { EVENT_PATHS } from "./openapi-events.ts";
import {
  ANYWHERE,
  HEADERS,
  json,
  list,
  object,
  problem,
  SCHEMAS,
  text,
  withoutBody,
} from "./openapi-schemas.ts";
import { EXPORT, IMPORT } from "./openapi-moving.ts";
import { STATS } from "./openapi-stats.ts";
import type { Answers, OpenApiDocument, Operation, Schema } from "./openapi-types.ts";
import { RELAY_DOCUMENT_TYPE } from "../relay-document.ts";

/** Returns the document. `version` is the relay's version, `url` its address. */
export function openApiDocument(version: string, url = "/"): OpenApiDocument {
  return {
    openapi: "3.1.0",
    info: {
      title: "Tributary",
      version,
      summary: "A Nostr relay over HTTP",
      description:
        "Stored events of a Nostr relay, publishing, and what operators need. WebSockets connect at the path / (NIP-01).",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url, description: "This relay" }],
    tags: [
      { name: "events", description: "Read and publish events" },
      { name: "relay", description: "What the relay says about itself" },
      { name: "operators", description: "For those who run the relay" },
    ],
    components: { schemas: SCHEMAS, headers: HEADERS, securitySchemes: SECURITY },
    paths: {
      "/": { get: HOME, post: MANAGE },
      ...EVENT_PATHS,
      "/health": { get: HEALTH },
      "/health/ready": { get: READY },
      "/metrics": { get: METRICS },
      "/api/v1/stats": { get: STATS },
      "/api/v1/export": { get: EXPORT },
      "/api/v1/import": { post: IMPORT },
      "/api/v1/openapi.json": { get: DOCUMENT },
    },
  };
}

const SECURITY = {
  nostr: {
    type: "http",
    scheme: "Nostr",
    description:
      "NIP-98: Authorization: Nostr, and an event of kind 27235 in base64. It is signed for one address, one method and, if there is one, the SHA-256 of the body",
  },
  metricsToken: { type: "http", scheme: "bearer", description: "The setting METRICS_TOKEN" },
};

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

const HOME: Operation = {
  operationId: "readRelay",
  tags: ["relay"],
  security: [{}],
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
  operationId: "manageRelay",
  tags: ["operators"],
  security: [{ nostr: [] }],
  summary: "Manage the relay (NIP-86)",
  requestBody: {
    required: true,
    content: {
      [MANAGEMENT_TYPE]: {
        schema: object({ method: text, params: list({}) }),
        examples: { list: { value: { method: "listbannedpubkeys", params: [] } } },
      },
    },
  },
  responses: {
    ...ANYWHERE,
    200: managed("The result, or an error if nothing was done"),
    400: managed("The body is not JSON"),
    401: {
      ...withoutBody("", "WWW-Authenticate"),
      ...managed("The request is not signed (NIP-98), or its signature was used before"),
    },
    403: {
      description: "The key is not an admin's, or this address is blocked",
      content: { ...managed("").content, ...problem("").content },
    },
    413: managed("The body is too long"),
    415: problem(`What is posted is not ${MANAGEMENT_TYPE}`),
    503: managed("The database does not answer; try again"),
  },
};

const HEALTH: Operation = {
  operationId: "readHealth",
  tags: ["operators"],
  security: [{}],
  summary: "Whether the relay runs",
  responses: {
    ...ANYWHERE,
    200: json(
      object({ status: { type: "string", enum: ["ok"] } }),
      "The relay runs; its database is not asked",
    ),
  },
};

const minutes: Schema = { type: "integer", minimum: 0 };
const minutesOrNull: Schema = { type: ["integer", "null"], minimum: 0 };

const READY: Operation = {
  operationId: "readReadiness",
  tags: ["operators"],
  security: [{}],
  summary: "Whether the relay serves clients: its database answers, and its last test of itself did not fail",
  responses: {
    ...ANYWHERE,
    200: json(
      object({
        status: { type: "string", enum: ["ok", "degraded"] },
        problems: { ...list(text), description: "What is wrong, and keeps no client from being served" },
        store: object({
          level: {
            type: "string",
            enum: LEVELS.map(([, level]) => level),
            description: "reserved: nothing is stored from upstreams. full: only deletions are stored",
          },
          percent: { type: "integer", minimum: 0, description: "How much of MAX_STORE_BYTES is used" },
        }),
        queue: object({
          oldestMinutes: { ...minutesOrNull, description: "How long events from upstreams have waited" },
        }),
        probe: {
          ...object({
            outcome: { type: "string", enum: ["ok", "refused", "failed"] },
            minutesAgo: minutes,
            storedMinutesAgo: {
              ...minutesOrNull,
              description: "When an event was last stored and read back",
            },
          }),
          type: ["object", "null"],
          description: "The relay's last test of itself; null: there was none yet",
        },
      }),
      "Clients are served",
    ),
    503: problem("The database does not answer, or the relay's last test of itself failed"),
  },
};

const METRICS: Operation = {
  operationId: "readMetrics",
  tags: ["operators"],
  security: [{ metricsToken: [] }, { nostr: [] }],
  summary: "Metrics for Prometheus, for operators",
  responses: {
    ...ANYWHERE,
    200: { description: "Prometheus text", content: { "text/plain": { schema: text } } },
    401: problem(
      "The request has neither METRICS_TOKEN nor an admin's signature (NIP-98)",
      "WWW-Authenticate",
    ),
    503: problem("The counters do not answer"),
  },
};

const DOCUMENT: Operation = {
  operationId: "readOpenApi",
  tags: ["relay"],
  security: [{}],
  summary: "This document",
  responses: {
    ...ANYWHERE,
    200: json(
      { type: "object", properties: {}, additionalProperties: {} },
      "OpenAPI 3.1",
      "ETag",
      "Cache-Control",
    ),
    304: withoutBody("The document is still the one with this ETag", "ETag", "Cache-Control"),
  } satisfies Answers,
};
