/** Pages of the stored events of any relay. */
import type { Page } from "../move/page.ts";
import { HOMEPAGE } from "../shared/version.ts";
import { aboutRelay } from "./about-relay.ts";
import { httpPages } from "./http-pages.ts";
import type { RequestPlace } from "./request-pages.ts";

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
  // Loaded only if it is used: WebSockets take 10 MB of memory.
  const [{ authenticate }, { openConversation }, { requestPages }] = await Promise.all([
    import("./authentication.ts"),
    import("./conversation.ts"),
    import("./request-pages.ts"),
  ]);
  await using conversation = await openConversation(relay, timeout);
  if (auth) await authenticate(conversation, relay, filter);
  const silence = timeout ?? SILENCE_MILLISECONDS;
  for await (const { events, next } of requestPages(conversation, filter, { ...options, silence }))
    yield { events, next: next && { request: next } };
}
