/** Work that nobody waits for, until the server stops. */
import { wait } from "../platforms/clock.ts";

export class Background {
  private readonly work = new Set<Promise<void>>();

  /** Adds work that must not reject. */
  readonly add = (work: Promise<void>): void => {
    this.work.add(work);
    void work.finally(() => this.work.delete(work));
  };

  /** Resolves when all work has ended, also what it has added meanwhile, or after some milliseconds. */
  async ended(milliseconds: number): Promise<void> {
    const timeout = new AbortController();
    const tooLate = wait(milliseconds, timeout.signal).then(
      () => (this.work.clear(), undefined),
      () => undefined,
    );
    while (this.work.size > 0) await Promise.race([Promise.all(this.work), tooLate]);
    timeout.abort();
  }
}
