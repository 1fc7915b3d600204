/** Compares two reports: the ratio of each figure, second to first. */
import { readFileSync } from "node:fs";
import { CommandError, messageOf } from "../../shared/usage.ts";
import type { Report, Result } from "./report.ts";
import { figure, rowsOf } from "./table.ts";

const FIGURES: [head: string, of: (result: Result) => number | undefined][] = [
  ["/s", ({ perSecond }) => perSecond],
  ["p50", ({ p50 }) => p50],
  ["p99", ({ p99 }) => p99],
  ["CPU-ms", ({ cpuMilliseconds }) => cpuMilliseconds],
  ["rows read", ({ rowsRead }) => rowsRead],
  ["rows written", ({ rowsWritten }) => rowsWritten],
];

export function readReport(file: string): Report {
  try {
    const report = JSON.parse(readFileSync(file, "utf8")) as Report;
    if (report.version !== 1) throw new Error("it is not a report of this version");
    return report;
  } catch (error) {
    throw new CommandError(`${file} cannot be read: ${messageOf(error)}`);
  }
}

/** Returns the ratios of all cases that both reports have, as a table in Markdown. */
export function comparison(first: Report, second: Report): string {
  const rows = pairsOf(first, second).map(([a, b]) => [
    b.case,
    a.relay === b.relay ? b.relay : `${b.relay} / ${a.relay}`,
    ...FIGURES.map(([, of]) => ratio(of(a), of(b))),
  ]);
  if (rows.length === 0) throw new CommandError("the reports have no case in common");
  return [...rowsOf([["case", "relay", ...FIGURES.map(([head]) => head)], ...rows]), ""].join("\n");
}

/** Pairs results of relays with the same name. If each report has one relay, these are compared, whatever their names are. */
function pairsOf(first: Report, second: Report): [Result, Result][] {
  const isOne = first.relays.length === 1 && second.relays.length === 1;
  return second.results.flatMap((b) => {
    const a = first.results.find((one) => one.case === b.case && (isOne || one.relay === b.relay));
    return a ? [[a, b] as [Result, Result]] : [];
  });
}

function ratio(a: number | undefined, b: number | undefined): string {
  return a === undefined || b === undefined || a === 0 ? "-" : figure(b / a);
}
