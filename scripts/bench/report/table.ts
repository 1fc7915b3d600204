/** The report as text. */
import type { Report, Result } from "./report.ts";

const COLUMNS: [head: string, cell: (result: Result) => string][] = [
  ["case", (result) => result.case],
  ["relay", ({ relay }) => relay],
  ["/s", ({ perSecond }) => figure(perSecond)],
  ["p50 ms", ({ p50 }) => figure(p50)],
  ["p99 ms", ({ p99 }) => figure(p99)],
  ["CPU-ms", ({ cpuMilliseconds }) => figure(cpuMilliseconds)],
  ["complete", (result) => completeness(result)],
  ["rows read", ({ rowsRead }) => figure(rowsRead)],
  ["per event", ({ rowsReadPerEvent }) => figure(rowsReadPerEvent)],
  ["rows written", ({ rowsWritten }) => figure(rowsWritten)],
  ["load cores", ({ loadCores }) => figure(loadCores)],
  ["notes", (result) => notesOf(result)],
];

/** Returns the report as a table in Markdown. */
export function tableOf({ date, machine, method, relays, results }: Report): string {
  const gigabytes = Math.round(machine.memoryBytes / 1e9);
  return [
    `${date}, ${machine.cores} cores (${machine.model}), ${gigabytes} GB, ${machine.system}, Node ${machine.node}.`,
    `${method.events} events stored, ${method.rounds} rounds of ${method.seconds} s after ${method.warmUpSeconds} s of warm-up, medians; CPU-ms and rows are for one operation.`,
    "",
    ...rowsOf([
      ["relay", "is", "bytes per event"],
      ...relays.map(({ name, about, bytesPerEvent }) => [name, about, figure(bytesPerEvent)]),
    ]),
    "",
    ...rowsOf([
      COLUMNS.map(([head]) => head),
      ...results.map((result) => COLUMNS.map(([, cell]) => cell(result))),
    ]),
    "",
  ].join("\n");
}

/** Returns three digits of a number. */
export function figure(value: number | undefined): string {
  if (value === undefined) return "-";
  if (Math.abs(value) >= 100) return String(Math.round(value));
  return String(Number(value.toPrecision(3)));
}

/** Aligns the cells as a table in Markdown. The first row is the head. */
export function rowsOf(rows: readonly (readonly string[])[]): string[] {
  const [head = []] = rows;
  const widths = head.map((_, column) => Math.max(3, ...rows.map((row) => (row[column] ?? "").length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  const [first, ...others] = rows.map(line);
  return [first ?? "", line(widths.map((width) => "-".repeat(width))), ...others];
}

function completeness({ checked, wrong }: Result): string {
  if (checked === 0) return "-";
  return wrong === 0 ? "all" : `${figure((100 * (checked - wrong)) / checked)} %: WRONG`;
}

function notesOf({ figures, errors }: Result): string {
  const told = Object.entries(figures).map(([name, value]) => `${name} ${figure(value)}`);
  const failed = Object.entries(errors).map(([reason, count]) => `${count} times: ${reason}`);
  return [...told, ...failed].join("; ").replaceAll("|", "/");
}
