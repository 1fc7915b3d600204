/**
 * What caches may keep of an answer (RFC 9111), and the entity tags by which they ask again.
 *
 * An event never changes, but the relay may stop serving it: its author deletes it (NIP-09, NIP-62), an operator bans it, or
 * it expires. None of that reaches a cache.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Context, Next } from "hono";
import { type Event, kindClass } from "../nostr/event.ts";
import { expiresAt } from "../nostr/expiration.ts";
import { readersOf } from "../nostr/visibility.ts";
import type { AppEnv } from "./app-env.ts";

/**
 * A cache asks each time before it answers. Without an entity tag it is sent everything again. `PRIVATE`: only the client's own
 * cache may keep the answer.
 */
export const ASK_EACH_TIME = "no-cache";
export const PRIVATE = "private, no-cache";
/**
 * For a regular event. Whoever was sent an event has it anyway, so a client may keep it for a day. A shared cache sends it
 * to others, so it asks again as soon as a hub would at the latest learn of a decision of an operator.
 */
export const UNCHANGING = "public, max-age=86400, s-maxage=60, immutable";

/** Seconds. The tag of a list changes at least this often: events expire, are pruned and are removed in steps. */
const TAG_SECONDS = 60;

/** No cache keeps what says nothing about caches: errors, and answers to what was posted. */
export async function storeNothingElse(c: Context, next: Next): Promise<void> {
  await next();
  if (!c.res.headers.has("cache-control")) c.header("cache-control", "no-store");
}

/** Other keys may see other events. */
export async function varyByKeys(c: Context, next: Next): Promise<void> {
  await next();
  c.header("vary", "Authorization", { append: true });
}

/** Returns what caches may do with an event that anybody may read; `undefined` for an event that only some may read. */
export function cachingOf(event: Event): string {
  if (readersOf(event)) return PRIVATE;
  const isRegular = kindClass(event.kind) === "regular" && expiresAt(event) === undefined;
  return isRegular ? UNCHANGING : ASK_EACH_TIME;
}

/**
 * Returns the entity tag of all lists and counts for clients without a key. Undefined if the relay has no public event at the end
 * of its log. It follows from the newest event that anybody may see, and not from the end of the log: otherwise it would tell
 * when a private event is stored.
 */
export async function listTag({
  store,
  decisions,
  version,
  now,
}: AppEnv["Bindings"]): Promise<string | undefined> {
  const minute = Math.floor(now() / TAG_SECONDS);
  const [newest, { revision }] = await Promise.all([store.newestPublic(), decisions.current()]);
  if (!newest) return undefined;
  const state = JSON.stringify([version, newest.id, revision, minute]);
  return `W/"${bytesToHex(sha256(utf8ToBytes(state)).slice(0, 16))}"`;
}

/** Returns whether a request says that its client has the answer with this tag. */
export function hasAlready(c: Context, tag: string): boolean {
  const given = c.req.header("if-none-match") ?? "";
  return given.split(",").some((one) => opaque(one) === opaque(tag));
}

/** A weak tag equals a strong one here (RFC 9110, 13.1.2). */
function opaque(tag: string): string {
  return tag.trim().replace(/^W\//, "");
}
