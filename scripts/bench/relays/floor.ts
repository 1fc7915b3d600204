/**
 * The least that a relay on Workers can do, to compare with (`scripts/bench/floor/worker.js`). It answers REQs of some cases, and nothing else.
 */
import { readFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";
import { type Event, versionKey } from "../../../nostr/event.ts";
import { type CorpusOptions, storedEvents } from "../corpus/corpus.ts";
import { databaseBytesIn, databaseIn } from "./checkout.ts";
import { filledCopy } from "./filled.ts";
import { freePort } from "./free-port.ts";
import { type Program, startProgram } from "./program.ts";
import type { Say, StartedRelay } from "./started.ts";

export const FLOOR = "floor";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** The JSON is ready to be sent. The indexes are those that the cases need. */
const SCHEMA = `
CREATE TABLE event (
  seq INTEGER PRIMARY KEY, id TEXT NOT NULL, pubkey TEXT NOT NULL, kind INTEGER NOT NULL, created_at INTEGER NOT NULL, d TEXT,
  json TEXT NOT NULL
);
CREATE INDEX by_id ON event (id);
CREATE INDEX by_time ON event (created_at DESC, id);
CREATE INDEX by_author ON event (pubkey, kind, created_at DESC, id);
CREATE INDEX by_version ON event (pubkey, kind, d) WHERE d IS NOT NULL;
CREATE TABLE tag (
  value TEXT NOT NULL, created_at INTEGER NOT NULL, id TEXT NOT NULL, kind INTEGER NOT NULL, seq INTEGER NOT NULL,
  PRIMARY KEY (value, created_at DESC, id)
) WITHOUT ROWID;`;

export async function startFloor(corpus: CorpusOptions, say: Say): Promise<StartedRelay> {
  const parts = [readFileSync(fileURLToPath(import.meta.url), "utf8")];
  const state = await filledCopy({ name: FLOOR, parts, corpus }, async (directory) => {
    say(`${FLOOR}: storing ${corpus.count} events`);
    await (await startIn(directory)).program.stop();
    fill(databaseIn(directory), storedEvents(corpus));
  });
  const bytes = databaseBytesIn(state.directory);
  say(`${FLOOR}: starting it`);
  const { program, port } = await startIn(state.directory);
  return {
    name: FLOOR,
    about: "the least that a relay on Workers can do",
    url: `ws://127.0.0.1:${port}/`,
    pid: program.pid,
    nips: new Set(),
    hasHttpApi: false,
    bytes,
    async stop() {
      await program.stop();
      state.remove();
    },
  };
}

async function startIn(state: string): Promise<{ program: Program; port: number }> {
  const port = await freePort();
  const program = await startProgram(
    process.execPath,
    ["scripts/bench/floor/start.ts", String(port), state],
    ROOT,
  );
  return { program, port };
}

function fill(file: string, events: Iterable<Event>): void {
  const db = new DatabaseSync(file);
  db.exec(`PRAGMA synchronous = OFF; ${SCHEMA} BEGIN`);
  const replace = db.prepare("DELETE FROM event WHERE pubkey = ? AND kind = ? AND d = ?");
  const insert = db.prepare(
    "INSERT INTO event (id, pubkey, kind, created_at, d, json) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const index = db.prepare(
    "INSERT OR IGNORE INTO tag (value, created_at, id, kind, seq) VALUES (?, ?, ?, ?, ?)",
  );
  for (const event of events) {
    const { id, pubkey, kind, created_at, tags } = event;
    const d = versionKey(event) ?? null;
    if (d !== null) replace.run(pubkey, kind, d);
    const { lastInsertRowid: seq } = insert.run(id, pubkey, kind, created_at, d, JSON.stringify(event));
    for (const [name = "", value] of tags) {
      if (/^[a-zA-Z]$/.test(name) && value !== undefined) index.run(name + value, created_at, id, kind, seq);
    }
  }
  db.exec(
    "COMMIT; DELETE FROM tag WHERE seq NOT IN (SELECT seq FROM event); PRAGMA wal_checkpoint(TRUNCATE)",
  );
  db.close();
}
