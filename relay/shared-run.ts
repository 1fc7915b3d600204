/** Shares one run of an update between many callers. */

/**
 * Runs one at a time. Callers during a run share the next run, because what they need may have changed after this one
 * began.
 */
export class SharedRun<T> {
  private readonly work: () => Promise<T>;
  private running: Promise<T> | undefined;
  private next: Promise<T> | undefined;

  constructor(work: () => Promise<T>) {
    this.work = work;
  }

  /** The current run. */
  get current(): Promise<T> | undefined {
    return this.running;
  }

  /** Resolves or rejects with a run that begins now or later. */
  run(): Promise<T> {
    if (!this.running) {
      this.running = this.work().finally(() => {
        this.running = undefined;
      });
      return this.running;
    }
    this.next ??= this.running
      .catch(() => undefined)
      .then(() => {
        this.next = undefined;
        return this.run();
      });
    return this.next;
  }
}
