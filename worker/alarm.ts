/** The alarm of an object. There is one, and several purposes share it: it is set to the earliest time. */
export class Alarm {
  private readonly storage: DurableObjectStorage;
  /** In Unix milliseconds. Infinity: not set. Undefined: not known, because the object has just started. */
  private at: number | undefined;

  constructor(storage: DurableObjectStorage) {
    this.storage = storage;
  }

  /** Makes sure that the alarm fires at this time or before. Returns undefined if it does already. */
  by(time: number): Promise<void> | undefined {
    return this.at !== undefined && this.at <= time ? undefined : this.set(time);
  }

  private async set(time: number): Promise<void> {
    const isKnown = this.at !== undefined;
    this.at = time;
    try {
      const earlier = isKnown ? null : await this.storage.getAlarm();
      // Meanwhile an earlier time was set.
      if (this.at !== time) return;
      if (earlier !== null && earlier <= time) this.at = earlier;
      // What is sent to clients does not wait until this is on disk.
      else await this.storage.setAlarm(time, { allowUnconfirmed: true });
    } catch (error) {
      this.at = undefined;
      throw error;
    }
  }

  /** Must be called when the alarm has fired. */
  hasFired(): void {
    this.at = Infinity;
  }
}
