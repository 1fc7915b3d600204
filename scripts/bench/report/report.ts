/** The result of a benchmark, as --json writes it. */
import type { Run } from "../load/meter.ts";

export interface Report {
  version: 1;
  date: string;
  machine: { cores: number; model: string; memoryBytes: number; system: string; node: string };
  method: {
    events: number;
    rounds: number;
    seconds: number;
    warmUpSeconds: number;
    seed: number;
    /** When the last stored event was created, in Unix seconds. */
    end: number;
  };
  relays: { name: string; about: string; bytesPerEvent: number | undefined }[];
  results: Result[];
}

/** A case on one relay: the medians of its rounds, and the sums of what was wrong. */
export interface Result {
  scenario: string;
  case: string;
  unit: string;
  relay: string;
  perSecond: number;
  p50: number | undefined;
  p99: number | undefined;
  /** CPU of the relay for one operation, in milliseconds. */
  cpuMilliseconds: number | undefined;
  /** Cores that the benchmark itself kept busy. */
  loadCores: number;
  memoryBytes: number | undefined;
  rowsRead: number | undefined;
  rowsWritten: number | undefined;
  rowsReadPerEvent: number | undefined;
  operations: number;
  checked: number;
  wrong: number;
  example: string | undefined;
  errors: Record<string, number>;
  figures: Record<string, number>;
}

/** D1 rows for one operation. */
export interface RowsPerOperation {
  read: number;
  written: number;
  /** Undefined if no event was returned. */
  readPerEvent: number | undefined;
}

export function resultOf(
  { scenario, name, unit }: { scenario: string; name: string; unit: string },
  relay: string,
  runs: readonly Run[],
  rows: RowsPerOperation | undefined,
): Result {
  const sum = (figure: (run: Run) => number) => runs.reduce((total, run) => total + figure(run), 0);
  const middle = (figure: (run: Run) => number | undefined) => median(runs.map(figure));
  return {
    scenario,
    case: name,
    unit,
    relay,
    perSecond: middle(({ operations, seconds }) => (seconds > 0 ? operations / seconds : undefined)) ?? 0,
    p50: middle(({ p50 }) => p50),
    p99: middle(({ p99 }) => p99),
    cpuMilliseconds: middle(({ cpuMilliseconds, operations }) =>
      cpuMilliseconds === undefined || operations === 0 ? undefined : cpuMilliseconds / operations,
    ),
    loadCores:
      middle(({ loadMilliseconds, seconds }) =>
        seconds > 0 ? loadMilliseconds / 1000 / seconds : undefined,
      ) ?? 0,
    memoryBytes: middle(({ memory }) => memory),
    rowsRead: rows?.read,
    rowsWritten: rows?.written,
    rowsReadPerEvent: rows?.readPerEvent,
    operations: sum(({ operations }) => operations),
    checked: sum(({ checked }) => checked),
    wrong: sum(({ wrong }) => wrong),
    example: runs.find(({ example }) => example !== undefined)?.example,
    errors: merged(
      runs.map(({ errors }) => errors),
      (values) => values.reduce((total, value) => total + value, 0),
    ),
    figures: merged(
      runs.map(({ figures }) => figures),
      (values) => median(values) ?? 0,
    ),
  };
}

/** Returns the middle value, or the mean of the two in the middle. Leaves out what is not known. */
export function median(values: readonly (number | undefined)[]): number | undefined {
  const sorted = values.filter((value) => value !== undefined).toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  return low === undefined || high === undefined ? undefined : (low + high) / 2;
}

function merged(
  records: readonly Record<string, number>[],
  merge: (values: number[]) => number,
): Record<string, number> {
  const names = [...new Set(records.flatMap((record) => Object.keys(record)))];
  const valuesOf = (name: string) =>
    records.map((record) => record[name]).filter((value) => value !== undefined);
  return Object.fromEntries(names.map((name) => [name, merge(valuesOf(name))]));
}
