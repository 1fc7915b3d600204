/** Where the counts of all hubs and invocations are summed up; there is one of these. */
import { DurableObject } from "cloudflare:workers";
import { type Count, Counts } from "../telemetry/counts.ts";
import { METRICS } from "../telemetry/metrics.ts";

/** All sums are one row, because rows written are what is billed. */
const SUMS = "sums";

/** Outlives a deployment, so it says its version. */
interface StoredSums {
  version: 1;
  counts: Count[];
}

export class CountersObject extends DurableObject<RelayEnv> {
  private readonly sums = new Counts();

  constructor(ctx: DurableObjectState, env: RelayEnv) {
    super(ctx, env);
    const stored = ctx.storage.kv.get<StoredSums>(SUMS);
    // A metric that is not in the list any more is not counted on.
    if (stored?.version === 1) this.sums.giveBack(stored.counts.filter((count) => !problemWith(count)));
  }

  /** All of them or none. */
  add(counts: Count[]): void {
    for (const count of counts) {
      const problem = problemWith(count);
      if (problem !== undefined) throw new Error(problem);
    }
    this.sums.giveBack(counts);
    this.ctx.storage.kv.put<StoredSums>(SUMS, { version: 1, counts: this.sums.list() });
  }

  read(): Count[] {
    return this.sums.list();
  }
}

function problemWith({ name, door, amount }: Count): string | undefined {
  if (!Object.hasOwn(METRICS, name)) return `${JSON.stringify(name)} is not in the list of metrics`;
  const doors: readonly string[] = METRICS[name].doors;
  if (!doors.includes(door)) {
    return `${name} is counted at ${doors.join(", ")}, and not at ${JSON.stringify(door)}`;
  }
  if (!Number.isSafeInteger(amount) || amount < 1) {
    return `${name} grows by whole numbers from 1, and not by ${String(amount)}`;
  }
  return undefined;
}
