/** The sums and the history of all metrics, and the state of the alerts, kept over restarts. */
import type { DatabaseSync } from "node:sqlite";
import type { Sample, Samples } from "../telemetry/history.ts";
import { type StoredSums, Sums } from "../telemetry/sums.ts";

const TABLES = `
  CREATE TABLE IF NOT EXISTS kept (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS sample (
    range TEXT, slot INTEGER, at INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY (range, slot)
  ) WITHOUT ROWID`;
const SUMS = "sums";
const ALERTS = "alerts";

export class KeptSums {
  private readonly db: DatabaseSync;
  readonly sums: Sums;

  constructor(db: DatabaseSync) {
    this.db = db;
    db.exec(TABLES);
    const stored = this.read(SUMS);
    this.sums = new Sums(
      samplesIn(db),
      stored === undefined ? undefined : (JSON.parse(stored) as StoredSums),
    );
  }

  /** Writes the sums to disk. */
  keep(): void {
    this.save(SUMS, JSON.stringify(this.sums.stored()));
  }

  /** The state of the alerts, as text. It is not in the database of events, whose failure is one of them. */
  readonly alerts = {
    read: async () => this.read(ALERTS),
    save: async (text: string) => this.save(ALERTS, text),
  };

  private read(name: string): string | undefined {
    const row = this.db.prepare("SELECT value FROM kept WHERE name = ?").get(name) as
      | { value: string }
      | undefined;
    return row?.value;
  }

  private save(name: string, value: string): void {
    this.db.prepare("INSERT OR REPLACE INTO kept (name, value) VALUES (?, ?)").run(name, value);
  }
}

function samplesIn(db: DatabaseSync): Samples {
  return {
    put: (range, slot, sample) =>
      void db
        .prepare("INSERT OR REPLACE INTO sample (range, slot, at, data) VALUES (?, ?, ?, ?)")
        .run(range, slot, sample.at, JSON.stringify(sample)),
    since: (range, time) => {
      const rows = db.prepare("SELECT data FROM sample WHERE range = ? AND at >= ?").all(range, time);
      return (rows as { data: string }[])
        .map(({ data }) => JSON.parse(data) as Sample)
        .filter(({ version }) => version === 1);
    },
  };
}
