/** The part of D1 that is used here, small enough to put over any SQLite. */

export type SqlValue = string | number | null;

export interface Statement {
  bind(...values: SqlValue[]): Statement;
  all<Row>(): Promise<SqlResult<Row>>;
}

export interface SqlResult<Row> {
  results: Row[];
  meta: { rows_read?: number; rows_written?: number };
}

export interface Database {
  prepare(sql: string): Statement;
  /** One transaction: every statement, or none. */
  batch<Row>(statements: Statement[]): Promise<SqlResult<Row>[]>;
}

/** Events that one statement removes when there may be very many: D1 ends it after 30 s, and their tags go too. */
export const STEP = 500;

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

/** Its parameters are bound where they are written. */
export function prepare(db: Database, write: (bind: (value: SqlValue) => string) => string): Statement {
  const params: SqlValue[] = [];
  const sql = write((value) => `?${params.push(value)}`);
  return db.prepare(sql).bind(...params);
}
