/** The ids that were added last, in bounded memory. It can forget an id, but never takes a new one for a known one. */
export class RecentIds {
  private readonly most: number;
  private readonly ids = new Set<string>();

  /** `most` is the number of ids that it remembers. */
  constructor(most: number) {
    this.most = most;
  }

  /** Adds an id. Returns false if it was there already. */
  add(id: string): boolean {
    if (this.ids.has(id)) return false;
    this.ids.add(id);
    if (this.ids.size > this.most) this.removeOldest();
    return true;
  }

  private removeOldest(): void {
    for (const oldest of this.ids) {
      this.ids.delete(oldest);
      return;
    }
  }
}
