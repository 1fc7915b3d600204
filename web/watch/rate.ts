/** Counts events by the second. */

/** In seconds. */
const HISTORY = 60;
const MEASURED = 5;

export class Rate {
  readonly #counts: number[] = Array.from({ length: HISTORY }, () => 0);
  #second = 0;

  /** `now` is in milliseconds and never goes back. */
  add(now: number): void {
    this.#moveTo(now);
    const at = this.#second % HISTORY;
    this.#counts[at] = (this.#counts[at] ?? 0) + 1;
  }

  /** Returns events per second over the last whole seconds. */
  perSecond(now: number): number {
    const counts = this.history(now).slice(-MEASURED);
    return counts.reduce((sum, count) => sum + count, 0) / MEASURED;
  }

  /** Returns the counts of the last whole seconds, oldest first. */
  history(now: number): number[] {
    this.#moveTo(now);
    return Array.from(
      { length: HISTORY - 1 },
      (_, at) => this.#counts[(this.#second + 1 + at) % HISTORY] ?? 0,
    );
  }

  /** Empties the seconds in which nothing came. */
  #moveTo(now: number): void {
    const second = Math.floor(now / 1000);
    for (let passed = Math.min(HISTORY, second - this.#second); passed > 0; passed -= 1)
      this.#counts[(second - passed + 1) % HISTORY] = 0;
    this.#second = second;
  }
}
