/**
 * Watches idle connections with the object's alarm. The alarm is set only while there are connections without a
 * subscription.
 */
import { IDLE_SECONDS, nextLook, type Quiet } from "../relay/limits/idle.ts";
import type { Alarm } from "./alarm.ts";

export class IdleWatch {
  private readonly alarm: Alarm;

  constructor(alarm: Alarm) {
    this.alarm = alarm;
  }

  /** Starts watching, because there is a connection without a subscription. Returns undefined if it already watches. */
  begin(now: number): Promise<void> | undefined {
    return this.alarm.by((now + IDLE_SECONDS) * 1000);
  }

  /** Sets the next alarm, after one has fired. `quiet` are the connections without a subscription. */
  async goOn(quiet: Quiet[], now: number): Promise<void> {
    const next = nextLook(quiet, now);
    if (next !== undefined) await this.alarm.by(next * 1000);
  }
}
