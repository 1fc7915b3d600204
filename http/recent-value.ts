/**
 * Remembers a value for some seconds. It remembers no promise: on Workers a request must not wait for another request's work.
 * All times are in Unix seconds.
 */
export class RecentValue<T> {
  private readonly seconds: number;
  private known: { value: T; at: number } | undefined;

  constructor(seconds: number) {
    this.seconds = seconds;
  }

  /** Returns what was remembered a short time ago; undefined if there is nothing. */
  get(now: number): T | undefined {
    return this.known && now - this.known.at < this.seconds ? this.known.value : undefined;
  }

  /** Remembers a value and returns it. */
  set(value: T, now: number): T {
    this.known = { value, at: now };
    return value;
  }
}
