/** Wraps a database so that something happens around every statement that runs. */
import type { BatchOptions, Database, SqlResult, SqlValue, Statement } from "./database.ts";

/** A statement that is about to run. */
export interface Prepared {
  sql: string;
  values: SqlValue[];
  /** The statement of the database inside. */
  inner: Statement;
}

/**
 * Called in place of each statement and each batch, with what they run. `run` runs them; its results, or others, are returned.
 */
type Around = (
  statements: Prepared[],
  run: () => Promise<SqlResult<unknown>[]>,
  options: BatchOptions,
) => Promise<SqlResult<unknown>[]>;

export function wrapDatabase(db: Database, around: Around): Database {
  return {
    prepare: (sql) => new WrappedStatement({ sql, values: [], inner: db.prepare(sql) }, around),
    async batch<Row>(statements: Statement[], options: BatchOptions = {}): Promise<SqlResult<Row>[]> {
      const prepared = (statements as WrappedStatement[]).map((statement) => statement.prepared);
      const inner = prepared.map((one) => one.inner);
      return (await around(prepared, () => db.batch(inner, options), options)) as SqlResult<Row>[];
    },
  };
}

class WrappedStatement implements Statement {
  readonly prepared: Prepared;
  private readonly around: Around;

  constructor(prepared: Prepared, around: Around) {
    this.prepared = prepared;
    this.around = around;
  }

  bind(...values: SqlValue[]): Statement {
    const { sql, inner } = this.prepared;
    return new WrappedStatement({ sql, values, inner: inner.bind(...values) }, this.around);
  }

  async all<Row>(): Promise<SqlResult<Row>> {
    const { inner } = this.prepared;
    const [result] = await this.around([this.prepared], async () => [await inner.all()], {});
    return result as SqlResult<Row>;
  }
}
