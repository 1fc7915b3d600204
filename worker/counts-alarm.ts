/**
 * Sends the counts of a hub by its alarm. A timer would keep the object from hibernating, and that time is billed.
 * https://developers.cloudflare.com/durable-objects/concepts/durable-object-lifecycle/
 */
import type { Alarm } from "./alarm.ts";

/** Cloudflare evicts an object after 10 s without work. Counts are in memory, so the alarm fires a second before. */
const LONGEST_SLEEP_MILLISECONDS = 9000;

export class CountsAlarm {
  private readonly alarm: Alarm;
  private readonly interval: number;
  private readonly sleep: number;
  private sentAt = -Infinity;

  /** `interval` is the time between two sendings, in milliseconds. */
  constructor(alarm: Alarm, interval: number) {
    this.alarm = alarm;
    this.interval = interval;
    this.sleep = Math.min(interval, LONGEST_SLEEP_MILLISECONDS);
  }

  /** Makes sure that the alarm fires while the counts are still in memory. */
  begin(now: number): Promise<void> | undefined {
    return this.alarm.by(now + this.sleep);
  }

  /** Returns whether counts should be sent when the alarm has fired. An alarm may be early or late: the nearest one counts. */
  isDue(now: number): boolean {
    if (now - this.sentAt < this.interval - this.sleep / 2) return false;
    this.sentAt = now;
    return true;
  }
}
