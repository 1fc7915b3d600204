/** Pages of stored events, over HTTP. */
import type { Page } from "../move/page.ts";
import { note } from "../shared/printing.ts";
import { httpUrl } from "../shared/relay-option.ts";
import { lengthOf } from "../shared/units.ts";
import { CommandError } from "../shared/usage.ts";
import { httpAuthorization } from "./http-authorization.ts";
import { RateLimitedError, readJson } from "./http-client.ts";

/** Maximum number of events per request. With 500 the memory is 10 MB more, and it is not faster. */
export const PAGE = 200;
const LONGEST_PAUSE_SECONDS = 60;

interface PageOptions {
  auth: boolean;
  timeout: number | undefined;
}

/** Returns all events that match, newest first, page by page. Goes on at the cursor `from`. */
export async function* httpPages(
  relay: string,
  filter: Record<string, unknown>,
  { from, ...options }: PageOptions & { from?: string | undefined },
): AsyncGenerator<Page<string>> {
  const query = queryOf(filter);
  query.set("limit", String(PAGE));
  if (from !== undefined) query.set("cursor", from);
  for (;;) {
    const { events, cursor } = await patiently(() => readPage(relay, query, options));
    if (cursor !== null) moveOn(query, cursor);
    yield { events, next: cursor ?? undefined };
    if (cursor === null) return;
  }
}

/** Repeats a request that came too soon. */
async function patiently<T>(request: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof RateLimitedError)) throw error;
      const seconds = Math.min(LONGEST_PAUSE_SECONDS, error.seconds);
      note(`${error.message}; asking again in ${lengthOf(seconds)}`);
      await new Promise((resolve) => setTimeout(resolve, 1000 * seconds));
    }
  }
}

/** A page may be empty and still have a cursor: a read that found nothing so far. It must move on. */
export function moveOn(query: URLSearchParams, cursor: string): void {
  if (cursor === query.get("cursor")) throw new CommandError("the relay sent the same cursor again");
  query.set("cursor", cursor);
}

/** Converts a filter to query parameters (docs/http.md). */
export function queryOf(filter: Record<string, unknown>): URLSearchParams {
  const entries = Object.entries(filter).map(([name, value]): [string, string] => [
    name.replace(/^#/, "tag."),
    Array.isArray(value)
      ? value.map((item) => String(item).replace(/[\\,]/g, "\\$&")).join(",")
      : String(value),
  ]);
  return new URLSearchParams(entries);
}

/** Reads one page of `GET /api/v1/events`. */
export async function readPage(
  relay: string,
  query: URLSearchParams,
  { auth, timeout }: PageOptions,
): Promise<{ events: unknown[]; cursor: string | null }> {
  const path = `api/v1/events?${query}`;
  const authorization = auth ? httpAuthorization(httpUrl(relay, path), "GET") : undefined;
  const body = (await readJson(relay, path, { authorization, timeout })) as {
    events?: unknown;
    cursor?: unknown;
  } | null;
  const { events, cursor } = body ?? {};
  if (!Array.isArray(events) || !(cursor === null || typeof cursor === "string"))
    throw new CommandError(`${relay} sent something that is not a page of events`);
  return { events, cursor };
}
