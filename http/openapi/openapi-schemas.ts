/** The schemas of the OpenAPI document, and the answers that are made of them. */
import { LONGEST_SEARCH, MOST_PHRASES } from "../../nostr/search.ts";
import type { Outcome } from "../../relay/ingest/ingest.ts";
import type { Answer, Answers, Header, Schema } from "./openapi-types.ts";
import { OWN_CODES } from "../problem.ts";
import { REFUSAL_STATUS } from "../refusal.ts";

export const text: Schema = { type: "string" };
export const hex = (length: number): Schema => ({
  type: "string",
  pattern: `^[0-9a-f]{${length}}$`,
  description: `${length} lower-case hex characters`,
});
export const list = (items: Schema): Schema => ({ type: "array", items });
export const kind: Schema = { type: "integer", minimum: 0, maximum: 65_535 };
export const seconds: Schema = { type: "integer", minimum: 0, description: "Unix seconds" };
export const bounded: Schema = { type: "integer", minimum: 0, maximum: Number.MAX_SAFE_INTEGER };

/** Returns the schema of an object. Its `optional` fields may be missing. */
export function object(properties: Record<string, Schema>, optional: Record<string, Schema> = {}): Schema {
  const required = Object.keys(properties);
  return {
    type: "object",
    properties: { ...properties, ...optional },
    ...(required.length > 0 && { required }),
  };
}

export const searchText: Schema = {
  type: "string",
  maxLength: LONGEST_SEARCH,
  pattern: `^\\s*(\\S+(\\s+\\S+){0,${MOST_PHRASES - 1}})?\\s*$`,
};
export const orderName: Schema = { type: "string", enum: ["desc", "asc"] };
/** `cursorAfter`: the time and the id of the last event of a page. */
export const cursorText: Schema = {
  type: "string",
  pattern: "^([0-9]{1,15}|[0-8][0-9]{15})\\.[0-9a-f]{64}$",
};

/** The outcomes that are not refusals. They are keys, so that a missing one does not compile. */
const OUTCOMES: Record<Exclude<Outcome["kind"], "refused" | "deleted" | "banned" | "no-room">, true> = {
  stored: true,
  duplicate: true,
  superseded: true,
  "passed-on": true,
  "not-meant-for-us": true,
};

export const EXAMPLE_ID = "081cb0a33fad8c56a6eada55cc197ce5bc45af15eddf64bf5133af232b722096";

export const EXAMPLE_EVENT = {
  id: EXAMPLE_ID,
  pubkey: "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9",
  created_at: 1_722_000_000,
  kind: 1,
  tags: [["t", "nostr"]],
  content: "hello",
  sig: "eaf6fb3c8a27e7ab05f3ba7306f73352d3e0f026c2f3ae44a4370140f07f536f8acf5ca13111b1cdd02e82d58bc9b512d295b522f992cf1db07e1c22f0cc40c2",
};

function filter(more: Record<string, Schema>, description: string): Schema {
  const fields = {
    ids: list(hex(64)),
    authors: list(hex(64)),
    kinds: list(kind),
    since: bounded,
    until: bounded,
    "#e": list(hex(64)),
    "#p": list(hex(64)),
  };
  return {
    ...object({}, { ...fields, ...more }),
    // All but #e and #p, which are fields.
    patternProperties: { "^#[a-df-oq-zA-Z]$": list(text) },
    additionalProperties: false,
    description,
    examples: [{ kinds: [1], "#t": ["nostr"] }],
  };
}

export const SCHEMAS = {
  Problem: object({
    error: object({
      code: {
        type: "string",
        enum: [...Object.keys(REFUSAL_STATUS), ...OWN_CODES],
        description: "For programs. It does not change",
      },
      message: { ...text, description: "For people. It may change" },
    }),
  }),
  Event: {
    ...object({
      id: hex(64),
      pubkey: hex(64),
      created_at: seconds,
      kind,
      tags: list({ ...list(text), minItems: 1 }),
      content: text,
      sig: hex(128),
    }),
    examples: [EXAMPLE_EVENT],
  },
  Filter: filter({}, "A filter as in a REQ (NIP-01). Tags such as #e and #p take hex only"),
  OnlyFilter: filter(
    { limit: bounded, search: searchText },
    "A filter that is the only one: it may also have a limit and a search (NIP-50)",
  ),
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
} satisfies Record<string, Schema>;

export const HEADERS = {
  "Retry-After": { description: "How many seconds to wait", schema: { type: "integer", minimum: 1 } },
  RateLimit: {
    description: "What is left: r requests that find nothing, or none for t seconds",
    schema: text,
  },
  Allow: { description: "The methods of this path", schema: text },
  "WWW-Authenticate": { description: "The schemes of Authorization that help", schema: text },
  ETag: {
    description: "Send it as If-None-Match to learn whether the answer is still the same",
    schema: text,
  },
  "Cache-Control": { description: "What caches may do (docs/http.md)", schema: text },
  Link: { description: 'The next page: <address>; rel="next"', schema: text },
} satisfies Record<string, Header>;

export function schema(name: keyof typeof SCHEMAS): Schema {
  return { $ref: `#/components/schemas/${name}` };
}

function headers(...names: (keyof typeof HEADERS)[]): Pick<Answer, "headers"> {
  if (names.length === 0) return {};
  return {
    headers: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }])),
  };
}

export function json(
  content: Schema,
  description: string,
  ...names: (keyof typeof HEADERS)[]
): Answer & Required<Pick<Answer, "content">> {
  return { description, ...headers(...names), content: { "application/json": { schema: content } } };
}

export function problem(description: string, ...names: (keyof typeof HEADERS)[]) {
  return json(schema("Problem"), description, ...names);
}

export function withoutBody(description: string, ...names: (keyof typeof HEADERS)[]): Answer {
  return { description, ...headers(...names) };
}

/** Answers that every route may give. */
export const ANYWHERE: Answers = {
  403: problem("This address is blocked"),
  405: problem("This path has no such method", "Allow"),
  429: problem("Too many requests", "Retry-After", "RateLimit"),
  500: problem("Internal error of the relay"),
};

export const UNAVAILABLE = problem("The database does not answer; try again");
