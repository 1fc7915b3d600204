/**
 * Lets replicas answer long reads, as with D1's Sessions API. No answer lacks what was stored before the read began, by anyone:
 * clients are told so. So each read first asks the primary how far it is, which costs a round trip and no rows.
 * https://developers.cloudflare.com/d1/best-practices/read-replication/
 */
import type { BatchOptions, Database, SqlResult, Statement } from "./database.ts";

export interface ReplicatedDatabase extends Database {
  /**
   * Begins a session. Its first statement goes to the primary. Later ones may go to a replica, but to none that is behind what
   * the session has seen.
   */
  withSession(constraint: "first-primary"): Pick<Database, "prepare" | "batch">;
}

export function readFromReplicas(db: ReplicatedDatabase): Database {
  return {
    prepare: (sql) => db.prepare(sql),
    async batch<Row>(statements: Statement[], options: BatchOptions = {}): Promise<SqlResult<Row>[]> {
      if (options.fromReplica !== true) return db.batch<Row>(statements, options);
      const session = db.withSession("first-primary");
      await session.prepare("SELECT 1").all();
      return session.batch<Row>(statements);
    },
  };
}
