/** The OpenAPI document of the statistics for operators. It describes `telemetry/stats-answer.ts`. */
import { SPENDING_LEVELS } from "../../telemetry/spending.ts";
import { RANGES } from "../../telemetry/stats-answer.ts";
import { ANYWHERE, json, list, object, problem, text } from "./openapi-schemas.ts";
import type { Operation, Schema } from "./openapi-types.ts";

const value: Schema = { type: ["number", "null"] };
const labels: Schema = { type: "object", additionalProperties: text };
const dollars: Schema = {
  type: "object",
  additionalProperties: { type: "number" },
  description: "Dollars by item, beyond what the plan includes",
};
const used: Schema = {
  type: "object",
  additionalProperties: { type: "number" },
  description: "What was used since the first of the month, by item",
};
const series = object({ name: text, labels, values: list(value) });

export const STATS: Operation = {
  operationId: "readStats",
  tags: ["operators"],
  security: [{ metricsToken: [] }, { nostr: [] }],
  summary: "What was counted in the last hour, day or month",
  parameters: [
    {
      name: "range",
      in: "query",
      required: false,
      description: "The range. Without it, hour",
      schema: { type: "string", enum: Object.keys(RANGES), description: "The range. Without it, hour" },
    },
  ],
  responses: {
    ...ANYWHERE,
    200: json(
      object({
        range: { type: "string", enum: Object.keys(RANGES) },
        step: { type: "integer", minimum: 1, description: "Seconds of each step" },
        times: {
          ...list({ type: "integer", minimum: 0 }),
          description: "The beginning of each step, in Unix seconds",
        },
        counters: { ...list(series), description: "What each counter grew by in each step" },
        gauges: { ...list(series), description: "The last value in each step" },
        latencies: {
          ...list(object({ name: text, labels, p50: list(value), p99: list(value) })),
          description: "Seconds, estimated from the buckets of a histogram",
        },
        costs: object({
          today: dollars,
          month: dollars,
          used,
          limit: { type: ["number", "null"], description: "SPEND_LIMIT. null: there is none" },
          forecast: { type: "number", description: "Dollars of this month if the rest is like the last day" },
          level: { type: "string", enum: [...SPENDING_LEVELS] },
          sources: {
            ...list(object({ source: text, item: text, values: list(value) })),
            description: "Dollars of each step by source and item, as if the plan included nothing",
          },
        }),
      }),
      "All lists of values are as long as times. null: nothing was reported in this step",
    ),
    400: problem("There is no such range"),
    401: problem(
      "The request has neither METRICS_TOKEN nor an admin's signature (NIP-98)",
      "WWW-Authenticate",
    ),
    503: problem("The counters do not answer"),
  },
};
