/** About how many bytes a statement answers, learned from its earlier answers. */

/** Until it is known. */
const UNKNOWN_BYTES = 32_000;
/** What is left of a large answer after a small one: the same statement may have had a lower limit. */
const LEFT = 0.9;
/** Maximum number of statements that are remembered. Beyond it, all are forgotten. */
const MOST_KNOWN = 300;
/** The rows of an answer that are measured. */
const MEASURED_ROWS = 8;

export class AnswerSizes {
  private readonly known = new Map<string, number>();

  /** Returns a number of bytes. */
  expected(sql: string): number {
    return this.known.get(sql) ?? UNKNOWN_BYTES;
  }

  learn(sql: string, rows: unknown[]): void {
    if (this.known.size >= MOST_KNOWN && !this.known.has(sql)) this.known.clear();
    this.known.set(sql, Math.max(sizeOf(rows), LEFT * (this.known.get(sql) ?? 0)));
  }
}

/** Returns about how many bytes these rows have. */
function sizeOf(rows: unknown[]): number {
  const stride = Math.max(1, Math.floor(rows.length / MEASURED_ROWS));
  const measured = rows.filter((_row, at) => at % stride === 0);
  const bytes = measured.reduce<number>((sum, row) => sum + bytesOf(row as object), 0);
  return (bytes * rows.length) / Math.max(1, measured.length);
}

function bytesOf(row: object): number {
  return Object.values(row).reduce<number>(
    (sum, value) => sum + (typeof value === "string" ? value.length : 8),
    0,
  );
}
