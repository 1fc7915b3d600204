/** Writes 30,000 events into the database file of the relay to be attacked, while it is not running. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { openSqlite } from "../../../platforms/sqlite.ts";
import { createStore } from "../../../store/sql/sql-store.ts";
import { SERVED_BY } from "../../fixtures/relay-program.ts";
import { NOW, publicKeyOf, unsigned } from "./events.ts";
import { COMMON_WORDS, LETTERS, RARE_WORD, SCRIBES, VANISHING } from "./scene.ts";

const PER_COMMIT = 500;
const FOLDER = "d1/miniflare-D1DatabaseObject";

/** `state` is the folder of a relay that has run once, so that the migrations are applied. */
export async function fillDatabase(state: string): Promise<void> {
  const db = openSqlite(databaseFile(state));
  db.exec("PRAGMA synchronous = OFF");
  const store = createStore(db);
  const events = storedEvents();
  for (let at = 0; at < events.length; at += PER_COMMIT)
    await store.commit(events.slice(at, at + PER_COMMIT));
  db.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  db.close();
}

/** Returns the file of the server without Workers, or of the local D1. */
function databaseFile(state: string): string {
  if (SERVED_BY !== undefined) return join(state, "relay.sqlite");
  const file = readdirSync(join(state, FOLDER)).find((name) => /^[0-9a-f]{64}\.sqlite$/.test(name));
  if (!file) throw new Error(`no database in ${join(state, FOLDER)}`);
  return join(state, FOLDER, file);
}

/** The signatures are not valid. The relay checks them when an event comes in, and not when it is read. */
function storedEvents() {
  const words = COMMON_WORDS.join(" ");
  return [
    // 20,000 events by one author, who can ask to vanish.
    ...many(20_000, (n) =>
      unsigned({
        pubkey: publicKeyOf(VANISHING),
        created_at: NOW - 1000 - n,
        tags: [
          ["t", "common"],
          ["t", `topic-${n % 50}`],
        ],
        content: `${words} ${n}`,
      }),
    ),
    // 5,000 events by as many authors.
    ...many(5000, (n) =>
      unsigned({
        pubkey: n.toString(16).padStart(64, "a"),
        created_at: NOW - 1000 - 4 * n,
        kind: [1, 7, 30_023][n % 3] as number,
        tags: [
          ["t", "common"],
          ["d", `${n}`],
        ],
        content: n === 4321 ? RARE_WORD : words.repeat(2),
      }),
    ),
    // 1,500 events with a tag of every letter.
    ...many(1500, (n) =>
      unsigned({
        created_at: NOW - 1000 - 13 * n,
        tags: LETTERS.filter((name) => name !== "e" && name !== "p").map((name) => [name, "common"]),
        content: `all letters ${n}`,
      }),
    ),
    // 200 events of 50 kB.
    ...many(200, (n) =>
      unsigned({ kind: 1111, created_at: NOW - 1000 - 97 * n, content: `${n} ${"large ".repeat(8000)}` }),
    ),
    // 2,000 events by each of two authors, who can delete them.
    ...SCRIBES.flatMap((secret) =>
      many(2000, (n) =>
        unsigned({
          pubkey: publicKeyOf(secret),
          created_at: NOW - 1000 - 11 * n,
          kind: 30_000,
          tags: [["d", `${n}`]],
          content: `${n}`,
        }),
      ),
    ),
  ];
}

function many<T>(count: number, make: (n: number) => T): T[] {
  return Array.from({ length: count }, (_, n) => make(n));
}
