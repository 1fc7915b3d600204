/** One of several databases of events. A shard has all events of its authors. */
import type { Database } from "../database/database.ts";
import { createStore } from "../sql/sql-store.ts";
import type { Store } from "../store.ts";
import type { StoreSize } from "../database/store-size.ts";
import { carryOut, endSpreading, readSpreading, type Spreading } from "../removal/tombstones.ts";
import type { Pause } from "../removal/removal.ts";

/** `commit` needs log positions (`Origin`). It rejects with a transaction that changed nothing if they are not admitted. */
export interface Shard extends Store {
  /** Returns the highest log position here; 0 if it is empty. */
  last(): Promise<number>;
  /** From now on no commit is admitted that has a position up to this one. */
  fence(last: number): Promise<void>;
  /** Returns what the other shards have not carried out yet. */
  spreading(): Promise<Spreading[]>;
  endSpreading(ids: string[]): Promise<void>;
  /** Carries out what events of other shards ask for. */
  carryOut(spreading: Pick<Spreading, "asked">[], pause: Pause): Promise<void>;
}

const FENCE =
  "INSERT INTO fence (id, last) VALUES (1, ?1) ON CONFLICT DO UPDATE SET last = max(last, excluded.last)";

export function createShard(db: Database, size?: StoreSize): Shard {
  return {
    ...createStore(db, size),
    last: () => readLast(db),
    fence: async (last) => void (await db.batch([db.prepare(FENCE).bind(last)], { mayRepeat: true })),
    spreading: () => readSpreading(db),
    endSpreading: (ids) => endSpreading(db, ids),
    carryOut: (spreading, pause) => carryOut(db, spreading, pause),
  };
}

async function readLast(db: Database): Promise<number> {
  const { results } = await db.prepare("SELECT max(seq) AS last FROM event").all<{ last: number | null }>();
  return results[0]?.last ?? 0;
}
