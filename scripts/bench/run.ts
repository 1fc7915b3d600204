/** Runs the cases on all relays, in turns: case by case and round by round, each relay once. */
import { type Bench, type Case } from "./cases/case.ts";
import { type Rows, rowsOf } from "./load/counters.ts";
import type { Relay } from "./load/measure.ts";
import { Meter, type Run } from "./load/meter.ts";
import { CommandError } from "../shared/usage.ts";
import { resultOf, type Result, type RowsPerOperation } from "./report/report.ts";
import { figure } from "./report/table.ts";

export async function runCases(
  cases: readonly Case[],
  relays: readonly Relay[],
  bench: Bench,
  { rounds, say }: { rounds: number; say: (line: string) => void },
): Promise<Result[]> {
  const results: Result[] = [];
  for (const one of cases) {
    const able = relays.filter(
      (relay) => (one.nip === undefined || relay.nips.has(one.nip)) && (one.can?.(relay) ?? true),
    );
    const measured = able.map((relay) => ({
      relay,
      runs: [] as Run[],
      rows: undefined as RowsPerOperation | undefined,
    }));
    const source = one.unit === "request" ? "http" : "websocket";
    for (let round = 1; round <= rounds; round += 1) {
      bench.nextRound();
      for (const its of measured) {
        const { relay, runs } = its;
        // To wait for the counts takes seconds.
        const before = round === 1 ? await rowsOf(relay.url, source) : undefined;
        const run = await one.run(relay, bench).catch(failedRun);
        if (before) its.rows = rowsPerOperation(before, await rowsOf(relay.url, source), run);
        runs.push(run);
        say(lineOf(one, relay, run, round));
      }
    }
    results.push(...measured.map(({ relay, runs, rows }) => resultOf(one, relay.name, runs, rows)));
  }
  return results;
}

/** A relay that does not take connections has failed. The others are still measured. */
function failedRun(error: unknown): Run {
  if (!(error instanceof CommandError)) throw error;
  const meter = new Meter();
  meter.failed(error.message);
  return meter.result();
}

function rowsPerOperation(before: Rows, after: Rows | undefined, run: Run): RowsPerOperation | undefined {
  if (!after || run.answered === 0) return undefined;
  const read = after.read - before.read;
  return {
    read: read / run.answered,
    written: (after.written - before.written) / run.answered,
    readPerEvent: run.returned === 0 ? undefined : read / run.returned,
  };
}

function lineOf({ name, unit }: Case, relay: Relay, run: Run, round: number): string {
  const { operations, seconds, p50, p99, cpuMilliseconds, wrong, example, errors } = run;
  const cpu = cpuMilliseconds === undefined || operations === 0 ? undefined : cpuMilliseconds / operations;
  const parts = [
    `${name}, ${relay.name}, round ${round}: ${figure(seconds > 0 ? operations / seconds : 0)} ${unit}/s`,
    `p50 ${figure(p50)} ms, p99 ${figure(p99)} ms, ${figure(cpu)} CPU-ms`,
    ...(wrong > 0 ? [`${wrong} WRONG, such as ${example}`] : []),
    ...Object.entries(errors).map(([reason, count]) => `${count} times: ${reason}`),
  ];
  return parts.join("; ");
}
