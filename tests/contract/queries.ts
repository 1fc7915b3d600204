/** Events and queries for the contract of a store. */
import type { Event } from "../../nostr/event.ts";
import { parseFilter } from "../../nostr/filter.ts";
import type { Query, Store } from "../../store/store.ts";
import { readAll } from "../fixtures/read-all.ts";
import { STRANGERS_VIEW } from "../fixtures/strangers.ts";
import { PUBKEYS } from "../reference/generators.ts";
import type { WireFilter } from "../reference/matcher.ts";

/** For databases outside this process, on a machine that is busy with other work. */
export const TIMEOUT = 180_000;

export async function ask(store: Store, queries: Query[]) {
  return (await readAll(store, queries)).answers;
}

export function queryOf(wire: WireFilter, limit: number): Query {
  const parsed = parseFilter(wire);
  if (!parsed.ok) throw new Error(parsed.reason);
  return { filter: parsed.filter, view: STRANGERS_VIEW, limit };
}

let made = 0;
export function note(created_at: number, fields: Partial<Event> = {}): Event {
  made += 1;
  return {
    id: (made * 7919).toString(16).padStart(8, "0").repeat(8),
    pubkey: PUBKEYS[0]!,
    sig: "ab".repeat(64),
    created_at,
    kind: 1,
    tags: [],
    content: "",
    ...fields,
  };
}
