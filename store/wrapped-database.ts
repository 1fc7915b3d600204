/** Wraps a database so that something happens around every statement that runs. */
import type { BatchOptions, Database, SqlResult, SqlValue, Statement } from "./database.ts";

/**
 * Called in place of each statement and each batch, with their SQL. `run` runs them; its results, or others, are returned.
 */
type Around = (
  sql: string[],
  run: () => Promise<SqlResult<unknown>[]>,
  options: BatchOptions,
) => Promise<SqlResult<unknown>[]>;

export function wrapDatabase(db: Database, around: Around): Database {
  return {
    prepare: (sql) => new WrappedStatement({ inner: db.prepare(sql), sql, around }),
    async batch<Row>(statements: Statement[], options: BatchOptions = {}): Promise<SqlResult<Row>[]> {
      const parts = (statements as WrappedStatement[]).map((statement) => statement.parts);
      const inner = parts.map((part) => part.inner);
      return (await around(
        parts.map(({ sql }) => sql),
        () => db.batch(inner, options),
        options,
      )) as SqlResult<Row>[];
    },
  };
}

interface Parts {
  inner: Statement;
  sql: string;
  around: Around;
}

class WrappedStatement implements Statement {
  readonly parts: Parts;

  constructor(parts: Parts) {
    this.parts = parts;
  }

  bind(...values: SqlValue[]): Statement {
    return new WrappedStatement({ ...this.parts, inner: this.parts.inner.bind(...values) });
  }

  async all<Row>(): Promise<SqlResult<Row>> {
    const { inner, sql, around } = this.parts;
    const [result] = await around([sql], async () => [await inner.all()], {});
    return result as SqlResult<Row>;
  }
}
