/**
 * Token buckets that are charged after the work. An operation may take a bucket below zero; the next one waits until it is
 * above. Buckets refill continuously, so a steady sender below the rate never waits.
 */

/** A saved bucket: how far it was below full, and when (Unix seconds). */
export interface Debt {
  payer: string;
  spent: number;
  at: number;
}

interface Spending {
  spent: number;
  at: number;
}

/** Maximum number of buckets. Beyond it, the fullest ones are forgotten. */
const MOST_PAYERS = 20_000;
/** Number of buckets after forgetting. It is much lower, so that forgetting is rare. */
const KEPT_PAYERS = 15_000;

export class TokenBuckets {
  /** The size of a full bucket, which is also the refill of a minute. It may change at any time. */
  perMinute: number;
  /** Buckets that are not full. */
  private readonly spendings = new Map<string, Spending>();

  constructor(perMinute: number, debts: readonly Debt[] = []) {
    this.perMinute = perMinute;
    for (const { payer, spent, at } of debts) this.spendings.set(payer, { spent, at });
  }

  /** Returns the seconds until none of these buckets would be below zero after this cost; 0 if none would. */
  wait(payers: Iterable<string>, now: number, cost = 0): number {
    return Math.max(0, ((this.spent(payers, now) + cost - this.perMinute) * 60) / this.perMinute);
  }

  /** Returns how much the emptiest of these buckets is below full. */
  spent(payers: Iterable<string>, now: number): number {
    let most = 0;
    for (const payer of payers) most = Math.max(most, this.spentBy(payer, now));
    return most;
  }

  /** Charges buckets. A negative cost returns an overcharge. */
  charge(payers: Iterable<string>, cost: number, now: number): void {
    for (const payer of payers) {
      const spent = this.spentBy(payer, now) + cost;
      if (spent > 0) this.spendings.set(payer, { spent, at: this.latest(payer, now) });
      else this.spendings.delete(payer);
    }
    if (this.spendings.size > MOST_PAYERS) this.forgetFullest(now);
  }

  /** Returns at most `most` debts of buckets that are less than half full, the deepest first. */
  debts(now: number, most: number): Debt[] {
    return this.deepestFirst(now)
      .filter(({ spent }) => spent > this.perMinute / 2)
      .slice(0, most);
  }

  private spentBy(payer: string, now: number): number {
    const spending = this.spendings.get(payer);
    return spending ? remaining(spending, this.perMinute, now) : 0;
  }

  /** Returns the time to record. It never goes back, so that a clock that goes back refills nothing twice. */
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
