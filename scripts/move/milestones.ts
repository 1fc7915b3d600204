/** From time to time makes a transfer durable up to where it is, so that it can go on there after an interruption. */

const PAUSE_MILLISECONDS = 500;

export class Milestones<Place> {
  private readonly keep: (place: Place) => Promise<void>;
  private last = performance.now();
  private latest: Place | undefined;

  /** `keep` makes everything before a place durable, and then the place. */
  constructor(keep: (place: Place) => Promise<void>) {
    this.keep = keep;
  }

  /** Notes that everything before a place is done. Keeps it at most twice a second. */
  async reached(place: Place): Promise<void> {
    this.latest = place;
    if (performance.now() - this.last >= PAUSE_MILLISECONDS) await this.finish();
  }

  /** Keeps the last place. */
  async finish(): Promise<void> {
    const { latest } = this;
    if (latest === undefined) return;
    this.latest = undefined;
    await this.keep(latest);
    this.last = performance.now();
  }
}
