/** The store over D1, or any SQLite behind the same few calls. */
import { countEvents } from "./count.ts";
import type { Database } from "./database.ts";
import { readLogAfter, readQueries } from "./read.ts";
import { readRecords } from "./records.ts";
import type { Store } from "./store.ts";
import { removeVanished, vanishingAuthors } from "./tombstones.ts";
import { commitEvents, isDeleted, knownIds, removeExpired } from "./write.ts";

export function createStore(db: Database): Store {
  return {
    commit: (events) => commitEvents(db, events),
    isDeleted: (event) => isDeleted(db, event),
    read: (queries) => readQueries(db, queries),
    records: (filter, view, most) => readRecords(db, filter, view, most),
    count: (countables) => countEvents(db, countables),
    log: (after, limit) => readLogAfter(db, after, limit),
    known: (ids) => knownIds(db, ids),
    vanishing: () => vanishingAuthors(db),
    removeVanished: (pubkey) => removeVanished(db, pubkey),
    removeExpired: (now, limit) => removeExpired(db, now, limit),
  };
}
