/** How much waits in the queues of events. */
import type { Backlog } from "../../store/watch/gauges.ts";

export interface MeasuredQueue {
  /** As of Cloudflare's queues. */
  metrics(): Promise<{ backlogCount: number; oldestMessageTimestamp?: Date }>;
}

/** Returns the sum over some queues. */
export async function backlogOf(queues: readonly MeasuredQueue[]): Promise<Backlog> {
  const all = await Promise.all(queues.map((queue) => queue.metrics()));
  // A queue with no messages may tell the year 1970.
  const times = all.map(({ backlogCount, oldestMessageTimestamp }) =>
    backlogCount > 0 ? (oldestMessageTimestamp?.getTime() ?? 0) : 0,
  );
  const known = times.filter((time) => time > 0);
  return {
    messages: all.reduce((sum, { backlogCount }) => sum + backlogCount, 0),
    oldest: known.length === 0 ? undefined : Math.floor(Math.min(...known) / 1000),
  };
}
