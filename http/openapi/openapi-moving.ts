/** The operations that move events as a whole, for the OpenAPI document. */
import { BATCH_TYPE } from "../publish-batch.ts";
import { ANYWHERE, bounded, problem, text, UNAVAILABLE, withoutBody } from "./openapi-schemas.ts";
import type { Operation } from "./openapi-types.ts";

const SIGNED = [{ nostr: [] }];
const UNSIGNED = problem("The request is not signed (NIP-98), or not for this body", "WWW-Authenticate");
const STRANGER = problem("The key is not an admin's, or this address is blocked");

export const EXPORT: Operation = {
  operationId: "exportEvents",
  tags: ["operators"],
  security: SIGNED,
  summary: "All stored events in the order in which they were stored, for admins",
  parameters: [
    {
      name: "after",
      in: "query",
      required: false,
      description: "Only events after this position of the log: from the header Link of the answer before",
      schema: { ...bounded, description: "A position of the log" },
    },
    {
      name: "of",
      in: "query",
      required: false,
      description:
        "Instead of events, what operators have decided, and the upstreams with their progress. Without other parameters",
      schema: { type: "string", enum: ["state"] },
    },
  ],
  responses: {
    ...ANYWHERE,
    200: {
      ...withoutBody("", "Link"),
      description:
        "Events, or what else is asked for, one on each line. Without Link, this is the end of the log",
      content: { [BATCH_TYPE]: { schema: text } },
    },
    400: problem("A parameter is wrong"),
    401: UNSIGNED,
    403: STRANGER,
    503: UNAVAILABLE,
  },
};

export const IMPORT: Operation = {
  operationId: "importEvents",
  tags: ["operators"],
  security: SIGNED,
  summary: "Store many events, and restore what operators have decided, for admins",
  requestBody: {
    required: true,
    content: { [BATCH_TYPE]: { schema: text, examples: { none: { value: "" } } } },
  },
  responses: {
    ...ANYWHERE,
    200: {
      description:
        "What became of each line, in the same order, as JSON on a line: id, ok and reason, as in the OK message of NIP-01",
      content: { [BATCH_TYPE]: { schema: text } },
    },
    401: UNSIGNED,
    403: STRANGER,
    413: problem("The body is too long, or has too many lines or decisions"),
  },
};
