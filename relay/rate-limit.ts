/**
 * Token buckets, charged by cost after the work: an operation may take a bucket below zero, and the next one waits
 * until it is above. What is paid back comes with the time that has passed, however short, so a steady sender who
 * keeps within the rate never waits.
 */

/** Outlives the memory of whoever counts: how far a bucket was below full, and when (Unix seconds). */
export interface Debt {
  payer: string;
  spent: number;
  at: number;
}

interface Spending {
  spent: number;
  at: number;
}

/** Beyond these the buckets that are nearest to full are forgotten. */
const MOST_PAYERS = 20_000;
/** Forgetting goes this far at once, so that it happens seldom. */
const KEPT_PAYERS = 15_000;

export class RateLimit {
  /** Cost that a bucket holds when it is full, and that comes back in a minute. */
  readonly perMinute: number;
  /** Those that are not full. */
  private readonly spendings = new Map<string, Spending>();

  constructor(perMinute: number, debts: readonly Debt[] = []) {
    this.perMinute = perMinute;
    for (const { payer, spent, at } of debts) this.spendings.set(payer, { spent, at });
  }

  get size(): number {
    return this.spendings.size;
  }

  /** Seconds until none of these would be below zero if it paid this; 0 when none would. */
  wait(payers: Iterable<string>, now: number, cost = 0): number {
    return Math.max(0, ((this.spent(payers, now) + cost - this.perMinute) * 60) / this.perMinute);
  }

  /** By the one of them who has spent most. */
  spent(payers: Iterable<string>, now: number): number {
    let most = 0;
    for (const payer of payers) most = Math.max(most, this.spentBy(payer, now));
    return most;
  }

  /** A negative cost gives back what was charged too much. */
  charge(payers: Iterable<string>, cost: number, now: number): void {
    for (const payer of payers) {
      const spent = this.spentBy(payer, now) + cost;
      if (spent > 0) this.spendings.set(payer, { spent, at: this.latest(payer, now) });
      else this.spendings.delete(payer);
    }
    if (this.spendings.size > MOST_PAYERS) this.forgetFullest(now);
  }

  /** Of those who have spent more than half of their bucket: at most `most`, the deepest first. */
  debts(now: number, most: number): Debt[] {
    return this.deepestFirst(now)
      .filter(({ spent }) => spent > this.perMinute / 2)
      .slice(0, most);
  }

  private spentBy(payer: string, now: number): number {
    const spending = this.spendings.get(payer);
    return spending ? remaining(spending, this.perMinute, now) : 0;
  }

  /** A clock that goes back pays nothing back twice. */
  private latest(payer: string, now: number): number {
    return Math.max(now, this.spendings.get(payer)?.at ?? now);
  }

  private deepestFirst(now: number): Debt[] {
    return [...this.spendings]
      .map(([payer, spending]) => ({
        payer,
        spent: remaining(spending, this.perMinute, now),
        at: this.latest(payer, now),
      }))
      .sort((a, b) => b.spent - a.spent);
  }

  private forgetFullest(now: number): void {
    const kept = this.deepestFirst(now).filter(({ spent }) => spent > 0);
    this.spendings.clear();
    for (const { payer, spent, at } of kept.slice(0, KEPT_PAYERS)) this.spendings.set(payer, { spent, at });
  }
}

function remaining({ spent, at }: Spending, perMinute: number, now: number): number {
  return Math.max(0, spent - (Math.max(0, now - at) * perMinute) / 60);
}
