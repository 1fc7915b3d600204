/** Events over HTTP: query, count and read one. */
import type { Context, Hono } from "hono";
import { described } from "../nostr/characters.ts";
import { type Event, isHex64 } from "../nostr/event.ts";
import { countAnswer } from "../nostr/message.ts";
import { plainValue } from "../nostr/nip19-value.ts";
import { EVENT_ID } from "../nostr/reference.ts";
import type { AppEnv } from "./app-env.ts";
import { ASK_EACH_TIME, cachingOf, hasAlready, PRIVATE, varyByKeys } from "./caching.ts";
import { parseEventQuery } from "./event-query.ts";
import { problem } from "./problem.ts";
import { type Page, type Read, readCount, readPage } from "./read-events.ts";
import { type Keys, signersOf } from "./reader.ts";
import { refused } from "./refusal.ts";

export function addEventRoutes(app: Hono<AppEnv>): void {
  app.use("/api/v1/events/*", varyByKeys);
  app.get("/api/v1/events", query);
  app.get("/api/v1/events/count", count);
  app.get("/api/v1/events/:id", readOne);
}

async function query(c: Context<AppEnv>): Promise<Response> {
  const { searchParams } = new URL(c.req.url);
  const parsed = parseEventQuery(searchParams, c.env.config);
  if (!parsed.ok) return c.json(problem("invalid", parsed.reason), 400);
  const signers = signersOf(c);
  if (!signers.ok) return refused(c, signers.refusal);
  const read = await readPage(c, { keys: signers.keys, parts: [parsed.query], isTagged: true });
  return answer(c, read, signers.keys, (page) => {
    if (page.cursor !== undefined) searchParams.set("cursor", page.cursor);
    if (page.cursor !== undefined) c.header("link", `<${c.req.path}?${searchParams}>; rel="next"`);
    return pageJson(page);
  });
}

export function pageJson({ events, cursor, unfinished }: Page): string {
  const rest = JSON.stringify({ cursor: cursor ?? null, ...(unfinished !== undefined && { unfinished }) });
  return `{"events":[${events.map(({ json }) => json).join(",")}],${rest.slice(1)}`;
}

async function count(c: Context<AppEnv>): Promise<Response> {
  const { searchParams } = new URL(c.req.url);
  const ofPages = ["limit", "order", "cursor"].find((name) => searchParams.has(name));
  if (ofPages) return c.json(problem("invalid", `${ofPages} does not apply to a count`), 400);
  const parsed = parseEventQuery(searchParams, c.env.config);
  if (!parsed.ok) return c.json(problem("invalid", parsed.reason), 400);
  const signers = signersOf(c);
  if (!signers.ok) return refused(c, signers.refusal);
  const read = await readCount(c, signers.keys, parsed.query);
  return answer(c, read, signers.keys, (counted) => JSON.stringify(countAnswer(counted)));
}

/** Answers a list or a count. */
function answer<T>(c: Context<AppEnv>, read: Read<T>, keys: Keys, write: (value: T) => string): Response {
  if (read.kind === "refused") return refused(c, read.refusal);
  c.header("cache-control", isForAll(c, keys) ? ASK_EACH_TIME : PRIVATE);
  if (read.tag !== undefined) c.header("etag", read.tag);
  return read.kind === "unchanged" ? c.body(null, 304) : jsonText(c, write(read.value));
}

async function readOne(c: Context<AppEnv, "/api/v1/events/:id">): Promise<Response> {
  const given = c.req.param("id");
  const id = plainValue("ids", given);
  if (!isHex64(id))
    return c.json(
      problem("invalid", `the event id is ${described(given)}, expected ${EVENT_ID.expected}`),
      400,
    );
  const signers = signersOf(c);
  if (!signers.ok) return refused(c, signers.refusal);
  const read = await readPage(c, {
    keys: signers.keys,
    parts: [{ filter: { ids: [id], tags: [] }, limit: 1 }],
    isTagged: false,
  });
  if (read.kind === "refused") return refused(c, read.refusal);
  const [event] = read.kind === "read" ? read.value.events : [];
  if (!event) return c.json(problem("not-found", `event ${id} is not stored here`), 404);
  const tag = `"${id}"`;
  c.header("etag", tag);
  c.header("cache-control", isForAll(c, signers.keys) ? cachingOf(JSON.parse(event.json) as Event) : PRIVATE);
  return hasAlready(c, tag) ? c.body(null, 304) : jsonText(c, event.json);
}

/** Whether anybody gets the same answer. If only some may read, no shared cache may answer for the relay. */
function isForAll(c: Context<AppEnv>, keys: Keys): boolean {
  return keys.size === 0 && c.env.access.isProbablyOpen;
}

/** Answers with text that is already JSON, as stored events are. */
export function jsonText(c: Context, text: string): Response {
  return c.body(text, 200, { "content-type": "application/json; charset=UTF-8" });
}
