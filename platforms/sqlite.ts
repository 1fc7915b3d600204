/** The store's `Database` over node:sqlite, which Node, Bun and Deno have. */
import { DatabaseSync, type StatementSync } from "node:sqlite";
import type { Database, SqlResult, SqlValue, Statement } from "../store/database/database.ts";

/** So many statements stay compiled. To compile one takes 0.1 to 0.4 ms, and many run for less. */
const MOST_COMPILED = 100;

/** Opens a database. `path` is a file, or ":memory:". With `readOnly` the file must exist, and is not changed. */
export function openSqlite(
  path: string,
  { readOnly = false }: { readOnly?: boolean } = {},
): Database & { exec(sql: string): void; close(): void } {
  const db = new DatabaseSync(path, { readOnly });

  /** As D1 counts it: pages that are free are not part of the size. */
  const size = db.prepare(
    "SELECT (page_count - freelist_count) * page_size AS bytes FROM pragma_page_count, pragma_freelist_count, pragma_page_size",
  );

  /** The size is looked up when it is read, because most results are used without it. */
  const meta = {
    get size_after() {
      return (size.get() as { bytes: number }).bytes;
    },
  };

  /** By their SQL. The one that was used last is the last. */
  const compiled = new Map<string, StatementSync>();

  function compile(sql: string): StatementSync {
    const statement = compiled.get(sql) ?? db.prepare(sql);
    compiled.delete(sql);
    compiled.set(sql, statement);
    const [oldest = ""] = compiled.keys();
    if (compiled.size > MOST_COMPILED) compiled.delete(oldest);
    return statement;
  }

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
      const results = compile(this.sql).all(...this.values) as Row[];
      return { results, meta };
    }

    async all<Row>(): Promise<SqlResult<Row>> {
      return this.run<Row>();
    }
  }

  return {
    prepare: (sql) => new Prepared(sql),
    /** Within a transaction that `exec` has begun, a batch is a part of it. If the batch fails, all of it is undone. */
    async batch<Row>(statements: Statement[]): Promise<SqlResult<Row>[]> {
      const isPart = db.isTransaction;
      if (!isPart) db.exec("BEGIN");
      try {
        const results = statements.map((statement) => (statement as Prepared).run<Row>());
        if (!isPart) db.exec("COMMIT");
        return results;
      } catch (error) {
        // SQLite has already done so if it is full.
        if (db.isTransaction) db.exec("ROLLBACK");
        throw error;
      }
    },
    exec: (sql) => db.exec(sql),
    close: () => db.close(),
  };
}
