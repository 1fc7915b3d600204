/** Explore: the answer of a search as a page. Its parameters are those of the HTTP API, and `back`: the cursor of a page before. */
import type { Context, Hono } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Event } from "../../nostr/event.ts";
import { linkParameters } from "../../web/parts/event-parameters.ts";
import { AMOUNTS, type Explored, ExplorePage } from "../../web/pages/explore.tsx";
import type { AppEnv } from "../app-env.ts";
import { cursorAfter, parseEventQuery } from "../event-query.ts";
import { page, relayOf } from "./page.tsx";
import { readProfiles } from "../public-events.ts";
import { type Page, readPage } from "../read-events.ts";
import { REFUSAL_STATUS } from "../refusal.ts";

interface Answer {
  status: ContentfulStatusCode;
  explored: Explored;
}

const MOST_EVENTS = Math.max(...AMOUNTS);

export function addExplorePage(app: Hono<AppEnv>): void {
  app.get("/explore", async (c) => {
    const given = new URL(c.req.url).searchParams;
    const parameters = linkParameters(given);
    // A form without scripts sends dates and empty fields. The address that people share has neither.
    if (!isSame(parameters, given))
      return c.redirect(parameters.size > 0 ? `/explore?${parameters}` : "/explore");
    const { status, explored } = await explore(c, parameters);
    return page(
      c,
      <ExplorePage relay={await relayOf(c)} parameters={parameters} explored={explored} now={c.env.now()} />,
      status,
    );
  });
}

/** Returns whether parameters have the same names and values, in any order. */
function isSame(one: URLSearchParams, other: URLSearchParams): boolean {
  const [a, b] = [new URLSearchParams(one), new URLSearchParams(other)];
  a.sort();
  b.sort();
  return String(a) === String(b);
}

async function explore(c: Context<AppEnv>, parameters: URLSearchParams): Promise<Answer> {
  const asked = new URLSearchParams(parameters);
  const back = asked.get("back");
  if (back !== null) {
    // The page before is the next one in the other direction.
    asked.delete("back");
    asked.set("cursor", back);
    asked.set("order", asked.get("order") === "asc" ? "desc" : "asc");
  }
  const { MAX_LIMIT } = c.env.config;
  const most = Math.min(MAX_LIMIT, MOST_EVENTS);
  const parsed = parseEventQuery(asked, { MAX_LIMIT: most, DEFAULT_LIMIT: Math.min(most, AMOUNTS[0]) });
  if (!parsed.ok)
    return { status: 400, explored: { kind: "refused", reason: parsed.reason, because: "parameters" } };
  const read = await readPage(c, { keys: new Set(), parts: [parsed.query], isTagged: false });
  if (read.kind === "refused") {
    const { prefix, reason } = read.refusal;
    if ("seconds" in read.refusal) c.header("retry-after", String(read.refusal.seconds));
    const because = prefix === "auth-required" || prefix === "restricted" ? "keys" : "relay";
    return { status: REFUSAL_STATUS[prefix], explored: { kind: "refused", reason, because } };
  }
  if (read.kind === "unchanged") throw new Error("a read without an entity tag cannot be unchanged");
  const found = read.value.events.map(({ json }) => JSON.parse(json) as Event);
  const events = back === null ? found : found.toReversed();
  const profiles = await readProfiles(c, events);
  const { unfinished } = read.value;
  return {
    status: 200,
    explored: { kind: "found", events, profiles, unfinished, ...pagesAround(parameters, events, read.value) },
  };
}

function pagesAround(
  parameters: URLSearchParams,
  events: readonly Event[],
  { cursor }: Pick<Page, "cursor">,
): { before: URLSearchParams | undefined; after: URLSearchParams | undefined } {
  const to = (name: "cursor" | "back", position: string | undefined) => {
    if (position === undefined) return undefined;
    const linked = new URLSearchParams(parameters);
    linked.delete("cursor");
    linked.delete("back");
    linked.set(name, position);
    return linkParameters(linked);
  };
  const [first, last] = [events.at(0), events.at(-1)];
  if (parameters.has("back"))
    return { before: to("back", cursor), after: to("cursor", last && cursorAfter(last)) };
  const isFirst = !parameters.has("cursor");
  return {
    before: isFirst ? undefined : to("back", first && cursorAfter(first)),
    after: to("cursor", cursor),
  };
}
