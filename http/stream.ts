/** `GET /api/v1/stream`: new events as they come, as Server-Sent Events. */
import type { Context, Hono } from "hono";
import type { Refusal } from "../nostr/message.ts";
import { boundsRefusal } from "../relay/reads.ts";
import type { Hub } from "../relay/session/hub.ts";
import type { StreamRequest } from "../relay/session/streams.ts";
import type { AppEnv } from "./app-env.ts";
import { refuseBlocked } from "./blocked.ts";
import { varyByKeys } from "./caching.ts";
import { parseEventQuery } from "./event-query.ts";
import { EventStream } from "./event-stream.ts";
import { orUnavailable, problem } from "./problem.ts";
import { addressOf } from "./rate-limit.ts";
import { signersOf } from "./reader.ts";
import { refusalResponse, refused } from "./refusal.ts";

const PATH = "/api/v1/stream";

/** A cache or a proxy in between must neither keep events nor hold them back. */
const HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-store",
  "x-accel-buffering": "no",
};

/** What a stream does not have: it is never a page, and live events are not searched for a text. */
const NOT_LIVE = ["order", "cursor", "keyword"];

export function addStream(app: Hono<AppEnv>): void {
  app.use(PATH, varyByKeys);
  app.get(PATH, refuseBlocked, stream);
}

async function stream(c: Context<AppEnv>): Promise<Response> {
  const { config, openStream } = c.env;
  const { searchParams } = new URL(c.req.url);
  const other = NOT_LIVE.find((name) => searchParams.has(name));
  if (other) return c.json(problem("invalid", `${other} does not apply to a stream`), 400);
  const parsed = parseEventQuery(searchParams, config);
  if (!parsed.ok) return c.json(problem("invalid", parsed.reason), 400);
  const signers = signersOf(c);
  if (!signers.ok) return refused(c, signers.refusal);
  const filters = [parsed.query.filter];
  const refusal = boundsRefusal(filters, signers.keys, config);
  if (refusal) return refused(c, refusal);
  // Nobody would read it, and so nobody would end it.
  if (c.req.method === "HEAD") return c.body(null, 200, HEADERS);
  const asked = {
    filters,
    keys: [...signers.keys],
    ip: addressOf(c),
    after: c.req.header("last-event-id") || undefined,
  };
  const response = await orUnavailable(() => openStream(c.req.raw, asked));
  if (response.status !== 503) return new Response(response.body, response);
  return c.json(problem("unavailable", "all hubs are full; try again later"), 503, { "retry-after": "30" });
}

/** Answers with a stream of this hub. Rejects if the database does not answer. */
export async function answerStream(
  hub: Pick<Hub, "streams" | "feed">,
  asked: StreamRequest,
  report: (error: unknown) => void,
): Promise<Response> {
  const stream: EventStream = new EventStream({
    isWhole: () => hub.feed.position.isWhole,
    ended: () => hub.streams.close(stream),
  });
  const opened = hub.streams.open(stream, asked);
  let refusal: Refusal | undefined;
  try {
    refusal = await Promise.race([stream.begun, opened.then(() => stream.begun)]);
  } catch (error) {
    stream.finish();
    throw error;
  }
  opened.catch((error) => {
    report(error);
    stream.finish();
  });
  return refusal ? refusalResponse(refusal) : new Response(stream.body, { headers: HEADERS });
}
