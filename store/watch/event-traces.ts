/** Which trace an event belongs to, so that operators find the trace of an event. Only the latest events are kept. */
import type { Database } from "../database/database.ts";

/** About 1.5 MB. With a sample rate of 1 %, they are the latest million events. */
const MOST = 10_000;

/** An event whose trace is sampled. */
export interface TracedEvent {
  id: string;
  /** The id of the trace, 32 hexadecimal digits. */
  trace: string;
}

const REMEMBER = `
INSERT OR REPLACE INTO event_trace (event_id, trace)
SELECT unhex(value ->> 'id'), unhex(value ->> 'trace') FROM json_each(?1)`;
/** Looks at no other rows than the ones that it deletes. */
const TRIM = "DELETE FROM event_trace WHERE seq <= (SELECT max(seq) FROM event_trace) - ?1";
const FIND = "SELECT lower(hex(trace)) AS trace FROM event_trace WHERE event_id = unhex(?1)";

export interface EventTraces {
  remember(events: readonly TracedEvent[]): Promise<void>;
  /** Returns the trace of an event; undefined if it was not sampled, or if it is not among the latest. */
  find(id: string): Promise<string | undefined>;
}

export function createEventTraces(db: Database, most = MOST): EventTraces {
  return {
    async remember(events) {
      const statements = [db.prepare(REMEMBER).bind(JSON.stringify(events)), db.prepare(TRIM).bind(most)];
      await db.batch(statements, { mayRepeat: true });
    },
    async find(id) {
      const { results } = await db.prepare(FIND).bind(id).all<{ trace: string }>();
      return results[0]?.trace;
    },
  };
}
