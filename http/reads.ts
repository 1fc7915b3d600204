/** The fair queue for reads over HTTP in one process or isolate. */
import type { Config } from "../relay/config.ts";
import { Reads, READS_AT_ONCE } from "../relay/reads.ts";
import type { RateLimiter } from "../relay/limits/rate-limiter.ts";
import { FairQueue } from "../relay/limits/fair-queue.ts";
import { LONGEST_SECONDS, ofRequests, type RequestClock } from "./requests.ts";

export function httpReads(config: Config, limiter: RateLimiter, clock: RequestClock): Reads {
  const queue = new FairQueue({ ...READS_AT_ONCE, ...ofRequests(clock) });
  const longestPause = 1000 * LONGEST_SECONDS;
  return new Reads({ config, limiter, queue, now: clock.now, pause: clock.wait, longestPause });
}
