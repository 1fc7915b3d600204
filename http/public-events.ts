/** Events for pages: what a client without a key may see. */
import type { Context } from "hono";
import type { Event } from "../nostr/event.ts";
import type { Refusal } from "../nostr/message.ts";
import type { Filter } from "../nostr/filter.ts";
import { PROFILE } from "../nostr/kinds.ts";
import { parseProfile, type Profiles } from "../web/parts/profile.ts";
import { hexValues } from "../web/parts/tags.ts";
import type { AppEnv } from "./app-env.ts";
import { type Asked, readPage } from "./read-events.ts";

export type PublicEvents = { ok: true; events: Event[] } | { ok: false; refusal: Refusal };

/** Maximum number of profiles that one page needs. */
const MOST_PROFILES = 60;
/** People whom one event names, and whose names it shows. */
const MOST_NAMED = 4;

/** Reads at most `limit` events, newest first or in the given order. Rejects with 503 if the store does not answer. */
export async function readPublic(
  c: Context<AppEnv>,
  filter: Partial<Filter>,
  limit: number,
  order: "asc" | "desc" = "desc",
): Promise<PublicEvents> {
  const parts: Asked["parts"] = [{ filter: { tags: [], ...filter }, limit, order }];
  const read = await readPage(c, { keys: new Set(), parts, isTagged: false });
  if (read.kind === "refused") return { ok: false, refusal: read.refusal };
  // Without an entity tag no answer is "unchanged".
  const events = read.kind === "read" ? read.value.events : [];
  return { ok: true, events: events.map(({ json }) => JSON.parse(json) as Event) };
}

/** Reads the profiles of the authors of events, and of people whom the events name. Empty if the relay refuses the read. */
export async function readProfiles(c: Context<AppEnv>, events: readonly Event[]): Promise<Profiles> {
  const authors = events.map(({ pubkey }) => pubkey);
  const named = events.flatMap((event) => hexValues(event, "p").slice(0, MOST_NAMED));
  const keys = [...new Set([...authors, ...named])].slice(0, MOST_PROFILES);
  if (keys.length === 0) return new Map();
  const read = await readPublic(c, { kinds: [PROFILE], authors: keys }, keys.length);
  if (!read.ok) return new Map();
  return new Map(read.events.map((event) => [event.pubkey, parseProfile(event)]));
}
