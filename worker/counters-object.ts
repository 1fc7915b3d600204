/** Sums the counts of all hubs and invocations. There is one such object. */
import { DurableObject } from "cloudflare:workers";
import { type Count, Counts, type FirstCount, readCount } from "../telemetry/counts.ts";
import { METRICS } from "../telemetry/metrics.ts";

/** All sums are one row, because written rows are billed. */
const SUMS = "sums";

/**
 * The least time between two writes, besides those for a reader. Cloudflare evicts an object after 10 s without work, and a
 * timer would keep it awake, so an alarm writes a second before.
 * https://developers.cloudflare.com/durable-objects/concepts/durable-object-lifecycle/
 */
const WRITE_MILLISECONDS = 9000;

/** They have a version, because they outlive a deployment. */
type StoredSums = { version: 1; counts: FirstCount[] } | { version: 2; counts: Count[] };

/** If it is reset, for example by a deployment, it loses what was added since the last write, but never what it has shown. */
export class CountersObject extends DurableObject<RelayEnv> {
  private readonly sums = new Counts();
  /** Whether sums wait to be written. */
  private isWaiting = false;

  constructor(ctx: DurableObjectState, env: RelayEnv) {
    super(ctx, env);
    const stored = ctx.storage.kv.get<StoredSums>(SUMS);
    if (stored?.version !== 1 && stored?.version !== 2) return;
    // Metrics that are no longer in the list are dropped.
    this.sums.giveBack(stored.counts.map(readCount).filter((count) => !problemWith(count)));
  }

  /** Adds all counts or, if one is invalid, none. They may come from an earlier deployment. */
  async add(sent: (Count | FirstCount)[]): Promise<void> {
    const counts = sent.map(readCount);
    for (const count of counts) {
      const problem = problemWith(count);
      if (problem !== undefined) throw new Error(problem);
    }
    this.sums.giveBack(counts);
    if (this.isWaiting) return;
    this.isWaiting = true;
    await this.ctx.storage.setAlarm(Date.now() + WRITE_MILLISECONDS);
  }

  /** Writes first: a counter that goes back looks to Prometheus like one that began again at 0. */
  read(): Count[] {
    this.write();
    return this.sums.list();
  }

  override alarm(): void {
    this.write();
    this.isWaiting = false;
  }

  private write(): void {
    if (this.isWaiting) this.ctx.storage.kv.put<StoredSums>(SUMS, { version: 2, counts: this.sums.list() });
  }
}

function problemWith({ name, source, amount }: Count): string | undefined {
  if (!Object.hasOwn(METRICS, name)) return `${JSON.stringify(name)} is not in the list of metrics`;
  const sources: readonly string[] = METRICS[name].sources;
  if (!sources.includes(source)) {
    return `${name} is counted at ${sources.join(", ")}, not at ${JSON.stringify(source)}`;
  }
  if (!Number.isSafeInteger(amount) || amount < 1) {
    return `${name} grows by integers from 1, not by ${String(amount)}`;
  }
  return undefined;
}
