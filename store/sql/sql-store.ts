/** The store over D1, or over any SQLite with the same interface. */
import type { Event } from "../../nostr/event.ts";
import { countEvents } from "../counting/count.ts";
import type { Database } from "../database/database.ts";
import { Dense } from "../walks/dense.ts";
import { removeExpired } from "../removal/expired.ts";
import { adoptStatement, prune } from "../removal/prune.ts";
import { newestPublic } from "../walks/newest.ts";
import { loadEvents, readLogAfter, readQueries } from "../walks/read.ts";
import { readRecords } from "../walks/records.ts";
import type { CommitResult, Failure, Fate, Origin, Store } from "../store.ts";
import type { StoreSize } from "../database/store-size.ts";
import {
  finishDeletion,
  removeVanished,
  unfinishedDeletions,
  vanishingAuthors,
} from "../removal/tombstones.ts";
import { CLIENTS, commitEvents, isDeleted, knownIds } from "./write.ts";

/**
 * `size` follows the database. Without it, the database never counts as full. `dense` is for many stores that share what they
 * have learned, as over HTTP, where each request has one.
 */
export function createStore(db: Database, size?: StoreSize, dense = new Dense()): Store {
  return {
    commit: (events, origin = CLIENTS) =>
      size ? commitWithin(db, size, events, origin) : commitEvents(db, events, origin),
    adopt: async (ids) => void (await db.batch([adoptStatement(db, ids)], { mayRepeat: true })),
    isDeleted: (event) => isDeleted(db, event),
    read: (queries) => readQueries(db, queries, dense),
    load: (events) => loadEvents(db, events),
    records: (filter, view, most) => readRecords(db, { filter, view, most }, dense),
    count: (countables) => countEvents(db, countables, dense),
    log: (after, limit) => readLogAfter(db, after, limit),
    newestPublic: () => newestPublic(db),
    known: (ids) => knownIds(db, ids),
    unfinishedDeletions: () => unfinishedDeletions(db),
    finishDeletion: (id, pause) => finishDeletion(db, id, pause),
    vanishing: () => vanishingAuthors(db),
    removeVanished: (pubkey, pause) => removeVanished(db, pubkey, pause),
    removeExpired: (now, limit) => removeExpired(db, now, limit),
    prune: (what, pause) => prune(db, what, pause),
  };
}

/** Commits the events that there is room for. */
async function commitWithin(
  db: Database,
  size: StoreSize,
  events: Event[],
  origin: Origin,
): Promise<CommitResult> {
  const takes = (event: Event) => size.takes(event, origin.isPulled);
  if (events.every(takes)) return commitEvents(db, events, origin);
  // This statement also tells whether room has been made meanwhile.
  const known = await knownIds(
    db,
    events.map(({ id }) => id),
  );
  const taken = events.filter(takes);
  const positions = origin.positions?.filter((_, at) => takes(events[at] as Event));
  const from = { ...origin, ...(positions && { positions }) };
  const result = taken.length > 0 ? await commitEvents(db, taken, from) : NOTHING;
  const fates = new Map(taken.map((event, at) => [event, result.fates[at]]));
  return {
    ...result,
    fates: events.map(
      (event): Fate | Failure => fates.get(event) ?? { kind: known.has(event.id) ? "duplicate" : "no-room" },
    ),
  };
}

const NOTHING: CommitResult = { prev: 0, last: 0, fates: [], unfinished: [], isRepeated: false };
