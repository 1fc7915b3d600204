/** Pages of the stored events of any relay. */
import type { Page } from "../move/page.ts";
import { CommandError } from "../shared/usage.ts";
import { HOMEPAGE } from "../shared/version.ts";
import { authenticate } from "./auth-option.ts";
import { openConversation } from "./conversation.ts";
import { readJson } from "./http-client.ts";
import { httpPages } from "./http-pages.ts";
import { type RequestPlace, requestPages } from "./request-pages.ts";

const SILENCE_MILLISECONDS = 60_000;

export interface PageOptions {
  auth: boolean;
  /** In milliseconds. */
  timeout: number | undefined;
  /** Called for a second that has more events than the relay sends at once. */
  isCut(second: number): void;
}

/** Where a page begins: a cursor of the HTTP API, or what a relay that has none is asked for. */
export type RelayPlace = { cursor: string } | { request: RequestPlace };

/** Returns all stored events that match, newest first. */
export async function* relayPages(
  relay: string,
  filter: Record<string, unknown>,
  options: PageOptions,
): AsyncGenerator<unknown[]> {
  for await (const { events } of placedPages(relay, filter, options)) yield events;
}

/** Like `relayPages`, and says where each page begins. Goes on at `from`. Over HTTP if the relay is a Tributary: its cursor has no limit within a second. */
export async function* placedPages(
  relay: string,
  filter: Record<string, unknown>,
  { from, ...options }: PageOptions & { from?: RelayPlace | undefined },
): AsyncGenerator<Page<RelayPlace>> {
  const about = await aboutRelay(relay, options.timeout);
  const isOverHttp = from ? "cursor" in from : about.software === HOMEPAGE;
  if (!isOverHttp) {
    const request = from && "request" in from ? from.request : undefined;
    return yield* pagesOverWebSocket(relay, filter, { ...options, maxLimit: about.maxLimit, from: request });
  }
  const cursor = from && "cursor" in from ? from.cursor : undefined;
  for await (const { events, next } of httpPages(relay, filter, { ...options, from: cursor }))
    yield { events, next: next === undefined ? undefined : { cursor: next } };
}

async function* pagesOverWebSocket(
  relay: string,
  filter: Record<string, unknown>,
  options: PageOptions & { maxLimit: number | undefined; from: RequestPlace | undefined },
): AsyncGenerator<Page<RelayPlace>> {
  const { auth, timeout } = options;
  await using conversation = await openConversation(relay, timeout);
  if (auth) await authenticate(conversation, relay, filter);
  const silence = timeout ?? SILENCE_MILLISECONDS;
  for await (const { events, next } of requestPages(conversation, filter, { ...options, silence }))
    yield { events, next: next && { request: next } };
}

/** Reads the relay information document (NIP-11). Not every relay has one. */
async function aboutRelay(
  relay: string,
  timeout: number | undefined,
): Promise<{ software: unknown; maxLimit: number | undefined }> {
  try {
    const document = await readJson(relay, "", { accept: "application/nostr+json", timeout });
    const { software, limitation } = document as {
      software?: unknown;
      limitation?: { max_limit?: unknown };
    };
    const limit = limitation?.max_limit;
    return {
      software,
      maxLimit: Number.isSafeInteger(limit) && (limit as number) > 0 ? (limit as number) : undefined,
    };
  } catch (error) {
    if (!(error instanceof CommandError) && !(error instanceof TypeError)) throw error;
    // If nothing answers there, the WebSocket says so.
    return { software: undefined, maxLimit: undefined };
  }
}
