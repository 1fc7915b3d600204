/** Counts and times what a relay answers. */
import type { Used } from "./processes.ts";

/** What one run of a case on one relay has shown. */
export interface Run {
  /** Operations that were begun and answered while it was measured. */
  operations: number;
  seconds: number;
  /** Milliseconds until the answer was complete. Undefined if nothing was answered. */
  p50: number | undefined;
  p99: number | undefined;
  /** CPU of the relay's processes and of this program, in milliseconds. */
  cpuMilliseconds: number | undefined;
  loadMilliseconds: number;
  /** Bytes of memory of the relay's processes at the end. */
  memory: number | undefined;
  /** Operations that were answered, before and after it was measured too. */
  answered: number;
  /** Events that these answers contained. */
  returned: number;
  /** Answers that were compared with what the relay must answer, and how many of them were wrong. */
  checked: number;
  wrong: number;
  /** Refusals, timeouts and lost connections, with their number. */
  errors: Record<string, number>;
  /** The first answer that was wrong. */
  example: string | undefined;
  /** Other figures of this case, by their names. */
  figures: Record<string, number>;
}

const LONGEST_REASON = 80;

export class Meter {
  private readonly latencies: number[] = [];
  private isMeasuring = false;
  private startedAt = 0;
  private used: Used | undefined;
  private own = process.cpuUsage();
  private readonly others = new Map<string, Meter>();
  readonly run: Run = {
    operations: 0,
    seconds: 0,
    p50: undefined,
    p99: undefined,
    cpuMilliseconds: undefined,
    loadMilliseconds: 0,
    memory: undefined,
    answered: 0,
    returned: 0,
    checked: 0,
    wrong: 0,
    errors: {},
    example: undefined,
    figures: {},
  };

  /** Returns a meter for what others do at the same time. The run has its rate and its p50 and p99 under this name. */
  beside(name: string): Meter {
    const other = new Meter();
    this.others.set(name, other);
    return other;
  }

  /** Begins to measure. What comes before is the warm-up. */
  begin(used: Used | undefined): void {
    for (const other of this.others.values()) other.begin(undefined);
    this.used = used;
    this.own = process.cpuUsage();
    this.startedAt = performance.now();
    this.isMeasuring = true;
  }

  end(used: Used | undefined): void {
    if (!this.isMeasuring) return;
    this.isMeasuring = false;
    const { run } = this;
    run.seconds = (performance.now() - this.startedAt) / 1000;
    const { user, system } = process.cpuUsage(this.own);
    run.loadMilliseconds = (user + system) / 1000;
    run.memory = used?.memory;
    run.cpuMilliseconds = this.used && used && used.cpuMilliseconds - this.used.cpuMilliseconds;
    const sorted = this.latencies.toSorted((a, b) => a - b);
    run.p50 = percentile(sorted, 0.5);
    run.p99 = percentile(sorted, 0.99);
    for (const [name, other] of this.others) {
      other.end(undefined);
      const { operations, seconds, p50, p99 } = other.run;
      run.figures[`${name}/s`] = operations / seconds;
      if (p50 !== undefined) run.figures[`${name} p50 ms`] = p50;
      if (p99 !== undefined) run.figures[`${name} p99 ms`] = p99;
    }
  }

  /** Returns the run, with what was wrong with what others did. */
  result(): Run {
    const { run } = this;
    for (const other of this.others.values()) {
      const { checked, wrong, errors, example } = other.result();
      run.checked += checked;
      run.wrong += wrong;
      run.example ??= example;
      for (const [reason, count] of Object.entries(errors))
        run.errors[reason] = (run.errors[reason] ?? 0) + count;
    }
    return run;
  }

  /** An operation was answered. `begun` is when it was sent, as `performance.now()` tells it. */
  answered(begun: number, returned = 0): void {
    this.run.answered += 1;
    this.run.returned += returned;
    if (!this.isMeasuring) return;
    this.run.operations += 1;
    this.latencies.push(performance.now() - begun);
  }

  /** An answer was compared with what it must be. `problem` is what is wrong with it. */
  checked(problem: string | undefined): void {
    this.run.checked += 1;
    if (problem === undefined) return;
    this.run.wrong += 1;
    this.run.example ??= problem;
  }

  failed(reason: string): void {
    const { errors } = this.run;
    const key = reason.slice(0, LONGEST_REASON);
    errors[key] = (errors[key] ?? 0) + 1;
  }
}

/** Returns the value below which this share of the sorted values is. */
export function percentile(sorted: readonly number[], share: number): number | undefined {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
