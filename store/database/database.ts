/** The part of D1 that the store uses. It is small enough to implement over any SQLite. */

export type SqlValue = string | number | null;

export interface Statement {
  bind(...values: SqlValue[]): Statement;
  all<Row>(): Promise<SqlResult<Row>>;
}

export interface SqlResult<Row> {
  results: Row[];
  /**
   * As D1 reports it. `total_attempts` is above 1 if it ran, or may have run, more than once. `size_after` is the size of the
   * whole database in bytes, without free pages.
   */
  meta: { rows_read?: number; rows_written?: number; total_attempts?: number; size_after?: number };
}

export interface Database {
  prepare(sql: string): Statement;
  /** Runs all statements in one transaction. */
  batch<Row>(statements: Statement[], options?: BatchOptions): Promise<SqlResult<Row>[]>;
}

export interface BatchOptions {
  /**
   * This batch may run a second time after its first answer was lost: that changes nothing more, and the second answer is
   * as good as the first. A batch of reads always may.
   */
  mayRepeat?: boolean;
  /** These are reads that take long, and a replica may answer them. It must have all that was stored before they began. */
  fromReplica?: boolean;
}

/** Returns whether a statement only reads. No statement of this project writes after WITH. */
export function isRead(sql: string): boolean {
  return /^\s*(?:SELECT|WITH)\b/i.test(sql);
}

/** Returns whether all of these statements only read. */
export function areReads(statements: readonly { sql: string }[]): boolean {
  return statements.every(({ sql }) => isRead(sql));
}

/** Nothing can be written to this database. The message says why, to clients too. */
export class ReadOnlyError extends Error {}

/** Returns the message of a `ReadOnlyError`. Other errors are for the log: a client gets `otherwise`. */
export function reasonFor(error: unknown, otherwise: string): string {
  return error instanceof ReadOnlyError ? error.message : otherwise;
}

/** What D1 bills. */
export interface Cost {
  rowsRead: number;
  rowsWritten: number;
}

export function costOf(results: Pick<SqlResult<unknown>, "meta">[]): Cost {
  return {
    rowsRead: results.reduce((sum, { meta }) => sum + (meta.rows_read ?? 0), 0),
    rowsWritten: results.reduce((sum, { meta }) => sum + (meta.rows_written ?? 0), 0),
  };
}
