/** node:sqlite behind the few calls of D1 that the store uses: Node, Bun and Deno have it. */
import { DatabaseSync } from "node:sqlite";
import type { Database, SqlResult, SqlValue, Statement } from "../store/database.ts";

/** `path`: a file, or ":memory:". */
export function openSqlite(path: string): Database & { exec(sql: string): void; close(): void } {
  const db = new DatabaseSync(path);

  class Prepared implements Statement {
    readonly sql: string;
    readonly values: SqlValue[];

    constructor(sql: string, values: SqlValue[] = []) {
      this.sql = sql;
      this.values = values;
    }

    bind(...values: SqlValue[]): Statement {
      return new Prepared(this.sql, values);
    }

    run<Row>(): SqlResult<Row> {
      return { results: db.prepare(this.sql).all(...this.values) as Row[], meta: {} };
    }

    all<Row>(): Promise<SqlResult<Row>> {
      return Promise.resolve(this.run<Row>());
    }
  }

  return {
    prepare: (sql) => new Prepared(sql),
    async batch<Row>(statements: Statement[]): Promise<SqlResult<Row>[]> {
      db.exec("BEGIN");
      try {
        const results = statements.map((statement) => (statement as Prepared).run<Row>());
        db.exec("COMMIT");
        return results;
      } catch (error) {
        db.exec("ROLLBACK");
        throw error;
      }
    },
    exec: (sql) => db.exec(sql),
    close: () => db.close(),
  };
}
