/** The operations on events, for the OpenAPI document. */
import { LONGEST_KEYWORD } from "../event-query.ts";
import { BATCH_TYPE, MOST_BATCH_BYTES, MOST_LINES } from "../publish-batch.ts";
import {
  ANYWHERE,
  bounded,
  cursorText,
  EXAMPLE_EVENT,
  EXAMPLE_ID,
  hex,
  json,
  kind,
  list,
  object,
  orderName,
  problem,
  schema,
  searchText,
  text,
  UNAVAILABLE,
  withoutBody,
} from "./openapi-schemas.ts";
import type { Answers, Operation, Parameter, Schema } from "./openapi-types.ts";

/** Reads may be signed, to see what only some may see. */
const MAYBE_SIGNED = [{}, { nostr: [] }];

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

const keywordText: Schema = { type: "string", minLength: 1, maxLength: LONGEST_KEYWORD };

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
    searchText,
  ),
];
const KEYWORD = parameter("keyword", "The content contains this exact text", keywordText);

/** Parameters of a page. */
const PAGE = [
  parameter("limit", "At most this many events, and never more than the relay's own limit", bounded),
  parameter("order", "desc (newest first, default) or asc (oldest first)", orderName),
  parameter("cursor", "The cursor of the previous page", cursorText),
];

const IF_NONE_MATCH: Parameter = {
  name: "If-None-Match",
  in: "header",
  required: false,
  description: "The ETag of an earlier answer. If it is still the same, this one is 304",
  schema: text,
};

/** Answers that every read may give. */
const READS: Answers = {
  ...ANYWHERE,
  400: problem("Something that was given is wrong, or this asks for too much at once"),
  401: problem(
    "Only for clients that sign the request (NIP-98), or the signature is not valid",
    "WWW-Authenticate",
  ),
  403: problem("The key may not read here, or this address is blocked"),
  503: UNAVAILABLE,
};
const UNCHANGED = withoutBody("The answer is still the one with this ETag", "ETag", "Cache-Control");

const page = (description: string) => ({
  description,
  content: {
    "application/json": {
      schema: schema("EventPage"),
      examples: {
        last: { summary: "The last page", value: { events: [EXAMPLE_EVENT], cursor: null } },
      },
    },
  },
});

const LIST: Operation = {
  operationId: "listEvents",
  tags: ["events"],
  security: MAYBE_SIGNED,
  summary: "Stored events",
  parameters: [...CONDITIONS, KEYWORD, ...PAGE, IF_NONE_MATCH],
  responses: {
    ...READS,
    200: {
      ...page("One page of events"),
      ...withoutBody("One page of events", "ETag", "Cache-Control", "Link"),
    },
    304: UNCHANGED,
  },
};

const COUNT: Operation = {
  operationId: "countEvents",
  tags: ["events"],
  security: MAYBE_SIGNED,
  summary: "The number of stored events",
  parameters: [...CONDITIONS, KEYWORD, IF_NONE_MATCH],
  responses: {
    ...READS,
    200: json(schema("EventCount"), "Their number", "ETag", "Cache-Control"),
    304: UNCHANGED,
  },
};

const READ: Operation = {
  operationId: "readEvent",
  tags: ["events"],
  security: MAYBE_SIGNED,
  summary: "One stored event",
  parameters: [
    {
      name: "id",
      in: "path",
      required: true,
      description: "The id in hex, note1… or nevent1…",
      schema: { ...hex(64), examples: [EXAMPLE_ID] },
    },
    IF_NONE_MATCH,
  ],
  responses: {
    ...READS,
    200: json(schema("Event"), "The event", "ETag", "Cache-Control"),
    304: UNCHANGED,
    404: problem("The event is not stored here"),
  },
};

const QUERY: Operation = {
  operationId: "queryEvents",
  tags: ["events"],
  security: MAYBE_SIGNED,
  summary: "Stored events, for filters that are too long for an address",
  description:
    "Several filters are answered as one list: each event comes once. A filter with search must be alone.",
  requestBody: {
    required: true,
    content: {
      "application/json": {
        schema: {
          ...object(
            {
              filters: {
                anyOf: [
                  { ...list(schema("OnlyFilter")), minItems: 1, maxItems: 1 },
                  // MAX_FILTERS, unless the operator has set another maximum.
                  { ...list(schema("Filter")), minItems: 1, maxItems: 100 },
                ],
              },
            },
            { limit: bounded, order: orderName, cursor: cursorText, keyword: keywordText },
          ),
          additionalProperties: false,
        },
        examples: {
          two: {
            summary: "Notes of a hashtag, and long texts",
            value: { filters: [{ kinds: [1], "#t": ["nostr"] }, { kinds: [30_023] }], limit: 20 },
          },
        },
      },
    },
  },
  responses: { ...READS, 200: page("One page of events"), 413: problem("The body is too long") },
};

const LAST_EVENT_ID: Parameter = {
  name: "Last-Event-ID",
  in: "header",
  required: false,
  description:
    "The id of the last message of an earlier stream. This one begins with what was missed since. Browsers send it",
  schema: text,
};

const STREAM: Operation = {
  operationId: "streamEvents",
  tags: ["events"],
  security: MAYBE_SIGNED,
  summary: "New events as they come",
  description:
    "Server-Sent Events. A message is an event of Nostr as JSON. Others are named: eose (everything stored was sent), reset (Last-Event-ID is not known here any more) and closed (why the stream ends).",
  parameters: [
    ...CONDITIONS,
    parameter("limit", "At most this many stored events first, newest first. Without it: none", bounded),
    LAST_EVENT_ID,
  ],
  responses: {
    ...READS,
    200: {
      description: "The stream. It ends after an hour at the latest",
      content: {
        "text/event-stream": {
          schema: text,
          examples: { message: { value: `id: 1.${EXAMPLE_ID}\ndata: ${JSON.stringify(EXAMPLE_EVENT)}\n\n` } },
        },
      },
    },
    503: problem("No hub has room, or the database does not answer; try again", "Retry-After"),
  },
};

const PUBLISH: Operation = {
  operationId: "publishEvent",
  tags: ["events"],
  security: [{}],
  summary: "Publish an event, or a batch",
  requestBody: {
    required: true,
    content: {
      "application/json": { schema: schema("Event"), examples: { note: { value: EXAMPLE_EVENT } } },
      [BATCH_TYPE]: {
        schema: {
          ...text,
          description: `An event on each line, at most ${MOST_LINES} lines and ${MOST_BATCH_BYTES} bytes`,
        },
        examples: { batch: { value: `${JSON.stringify(EXAMPLE_EVENT)}\n` } },
      },
    },
  },
  responses: {
    ...ANYWHERE,
    200: {
      description:
        "The event was already stored, or is ephemeral and was sent to live subscriptions, or is for other relays. Of a batch: an object with id, ok and reason on each line",
      content: {
        "application/json": { schema: schema("PublishResult") },
        [BATCH_TYPE]: { schema: text },
      },
    },
    201: json(schema("PublishResult"), "Stored"),
    400: problem("Not a valid event"),
    401: problem("Only for clients that have authenticated, over WebSocket"),
    403: problem("The relay does not accept this event, or this address is blocked"),
    413: problem("The body is too long"),
    503: UNAVAILABLE,
  },
};

export const EVENT_PATHS: Record<string, Record<string, Operation>> = {
  "/api/v1/events": { get: LIST, post: PUBLISH },
  "/api/v1/events/count": { get: COUNT },
  "/api/v1/events/{id}": { get: READ },
  "/api/v1/query": { post: QUERY },
  "/api/v1/stream": { get: STREAM },
};
