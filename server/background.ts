/** Work that nobody waits for, until the server stops. */

export class Background {
  private readonly work = new Set<Promise<void>>();

  /** Adds work that must not reject. */
  readonly add = (work: Promise<void>): void => {
    this.work.add(work);
    void work.finally(() => this.work.delete(work));
  };

  /** Resolves when all work has ended, also what it has added meanwhile. */
  async ended(): Promise<void> {
    while (this.work.size > 0) await Promise.all(this.work);
  }
}
