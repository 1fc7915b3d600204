/** `POST /api/v1/query`: stored events for filters that are too long for a URL, or for several filters at once. */
import type { Context, Hono } from "hono";
import { lengthCost, parsingCost } from "../relay/limits/cost.ts";
import type { AppEnv } from "./app-env.ts";
import { varyByKeys } from "./caching.ts";
import { jsonText, pageJson } from "./events.ts";
import { problem } from "./problem.ts";
import { parseQueryBody } from "./query-body.ts";
import { clientOf } from "./rate-limit.ts";
import { readPage } from "./read-events.ts";
import { signersOf } from "./reader.ts";
import { refused } from "./refusal.ts";
import { readJson } from "./request-body.ts";

const PATH = "/api/v1/query";

export function addQuery(app: Hono<AppEnv>): void {
  app.use(PATH, varyByKeys);
  app.post(PATH, query);
}

async function query(c: Context<AppEnv>): Promise<Response> {
  const { config, limiter } = c.env;
  const body = await readJson(c, config.MAX_MESSAGE_LENGTH, (shape, bytes) =>
    limiter.charge(clientOf(c), lengthCost(bytes) + parsingCost(shape)),
  );
  if (!body.ok) return c.json(problem(body.code, body.reason), body.status);
  const parsed = parseQueryBody(body.value, config);
  if (!parsed.ok) return refused(c, parsed.refusal);
  const signers = signersOf(c, body.bytes);
  if (!signers.ok) return refused(c, signers.refusal);
  const read = await readPage(c, { keys: signers.keys, parts: parsed.parts, isTagged: false });
  if (read.kind === "refused") return refused(c, read.refusal);
  if (read.kind === "unchanged") throw new Error("an answer to POST has no tag");
  return jsonText(c, pageJson(read.value));
}
