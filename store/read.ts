/** Runs planned queries: all of one read see the same snapshot. */
import { costOf, type Database } from "./database.ts";
import { planQuery, READ_BYTES, SIZE, sizesInOrder, STORED_EVENT } from "./plan.ts";
import type { Answer, Query, ReadResult, StoredEvent } from "./store.ts";

const HEAD = "SELECT coalesce(max(seq), 0) AS head FROM event";
const LOG = `
SELECT ${STORED_EVENT} FROM (
  SELECT seq AS place, ${sizesInOrder("seq")} FROM (SELECT seq, ${SIZE} FROM event WHERE seq > ?1 ORDER BY seq LIMIT ?2)
) CROSS JOIN event ON seq = place
WHERE bytes <= ${READ_BYTES} OR nth = 1 ORDER BY nth`;

export async function readQueries(db: Database, queries: Query[]): Promise<ReadResult> {
  const plans = queries.map((query) => planQuery(query, queries.length));
  const statements = plans
    .filter((plan) => plan !== undefined)
    .map(({ sql, params }) => db.prepare(sql).bind(...params));
  const results = await db.batch<StoredEvent & { found: number; head: number }>([
    db.prepare(HEAD),
    ...statements,
  ]);
  const rows = results.slice(1).values();
  const answers = plans.map((plan, at): Answer => {
    const found = plan && rows.next().value?.results;
    return found ? answerOf(found, queries[at]?.limit ?? 0) : { events: [], more: false };
  });
  return { head: results[0]?.results[0]?.head ?? 0, answers, cost: costOf(results) };
}

export async function readLogAfter(db: Database, after: number, limit: number) {
  const [head, log] = await db.batch<StoredEvent & { head: number }>([
    db.prepare(HEAD),
    db.prepare(LOG).bind(after, limit),
  ]);
  return { head: head?.results[0]?.head ?? 0, events: (log?.results ?? []).map(storedEvent) };
}

/** More were looked for than wanted, or than fit: then there is more. */
function answerOf(rows: (StoredEvent & { found: number })[], limit: number): Answer {
  const found = rows[0]?.found ?? 0;
  return { events: rows.slice(0, limit).map(storedEvent), more: found > Math.min(limit, rows.length) };
}

function storedEvent({ seq, id, created_at, json }: StoredEvent): StoredEvent {
  return { seq, id, created_at, json };
}
