/** `GET /api/v1/export`: everything that is stored, in the order of the log, or what operators have decided, for admins. */
import type { Context, Hono } from "hono";
import type { AppEnv } from "../app-env.ts";
import { adminOf } from "../admin.ts";
import { orUnavailable, problem } from "../problem.ts";
import { BATCH_TYPE } from "../publish-batch.ts";
import { refused } from "../refusal.ts";
import { stateLines } from "./relay-state.ts";

export const EXPORT_PATH = "/api/v1/export";
/** Maximum number of events of one answer. The log gives fewer if they are long. */
const MOST_EVENTS = 500;

export function addExport(app: Hono<AppEnv>): void {
  app.get(EXPORT_PATH, exportEvents);
}

/** Ordinary reads are limited by what they cost. An admin may read everything, so only the request is charged. */
async function exportEvents(c: Context<AppEnv>): Promise<Response> {
  const admin = adminOf(c);
  if (!admin.ok) return refused(c, admin.refusal);
  const query = new URL(c.req.url).searchParams;
  if (query.has("of")) return exportState(c, query);
  const after = parseAfter(query);
  if (typeof after === "string") return c.json(problem("invalid", after), 400);
  const { events } = await orUnavailable(() => c.env.store.log(after, MOST_EVENTS));
  const last = events.at(-1);
  // The log never answers an empty page before its end.
  if (last) c.header("link", `<${EXPORT_PATH}?after=${last.seq}>; rel="next"`);
  return c.body(events.map(({ json }) => `${json}\n`).join(""), 200, { "content-type": BATCH_TYPE });
}

async function exportState(c: Context<AppEnv>, query: URLSearchParams): Promise<Response> {
  if (query.toString() !== "of=state")
    return c.json(problem("invalid", "expected of=state, without other parameters"), 400);
  const { management, config } = c.env;
  const lines = await orUnavailable(() => stateLines(management.store, config));
  return c.body(lines.map((line) => `${JSON.stringify(line)}\n`).join(""), 200, {
    "content-type": BATCH_TYPE,
  });
}

/** Returns the position, or what is wrong with it. */
function parseAfter(query: URLSearchParams): number | string {
  const [name] = [...query.keys()].filter((key) => key !== "after");
  if (name !== undefined)
    return `${JSON.stringify(name.slice(0, 40))} is not a parameter here, expected after or of`;
  const given = query.getAll("after");
  if (given.length > 1) return `"after" is given ${given.length} times, expected once`;
  const [text = "0"] = given;
  const after = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(after)
    ? after
    : `after is ${JSON.stringify(text.slice(0, 40))}, expected a position in the log, from 0`;
}
