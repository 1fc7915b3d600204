/**
 * Stores the events of the corpus in the database of a stopped relay, through the store of its own checkout: what `ingest`
 * does, without connections and without the check of signatures. A program, because each checkout brings its own code.
 * Arguments: the checkout, the database file, and the count, end and seed of the corpus.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { openSqlite as OpenSqlite } from "../../../platforms/sqlite.ts";
import type { createStore as CreateStore } from "../../../store/sql/sql-store.ts";
import type { Event } from "../../../nostr/event.ts";
import { storedEvents } from "../corpus/corpus.ts";

const PER_COMMIT = 200;
const PER_LINE = 50_000;

const [checkout = "", file = "", count, end, seed] = process.argv.slice(2);
const ownModule = (path: string): Promise<unknown> => import(pathToFileURL(join(checkout, path)).href);
const { openSqlite } = (await ownModule("platforms/sqlite.ts")) as { openSqlite: typeof OpenSqlite };
/** Where the store of version 0.2.0 is, and where it is now. */
const STORES = ["store/sql-store.ts", "store/sql/sql-store.ts"];
const storePath = STORES.find((path) => existsSync(join(checkout, path))) ?? "";
const { createStore } = (await ownModule(storePath)) as { createStore: typeof CreateStore };

const db = openSqlite(file);
// If the machine fails meanwhile, the directory is not used.
db.exec("PRAGMA synchronous = OFF");
const store = createStore(db);
let events: Event[] = [];
let stored = 0;
for (const event of storedEvents({ count: Number(count), end: Number(end), seed: Number(seed) })) {
  events.push(event);
  if (events.length === PER_COMMIT) await commit();
}
await commit();
db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
db.close();

async function commit(): Promise<void> {
  if (events.length === 0) return;
  const { fates } = await store.commit(events);
  // Superseded: by a newer version in the same commit.
  const lost = fates.find(({ kind }) => kind !== "stored" && kind !== "superseded");
  if (lost) throw new Error(`the store did not store an event: ${lost.kind}`);
  stored += events.length;
  events = [];
  if (stored % PER_LINE === 0) process.stderr.write(`stored ${stored} of ${count}\n`);
}
