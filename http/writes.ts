/** The fair queue for publishing over HTTP in one process or isolate. */
import { FairQueue } from "../relay/limits/fair-queue.ts";
import { ofRequests, type RequestClock } from "./requests.ts";

/**
 * Maximum number of events in progress, in total and of one network. Each commits alone: on Workers a request must not
 * wait for another's work.
 */
const WRITES_AT_ONCE = 4;
const WRITES_OF_CLIENT = 2;

export function httpWrites(requests: RequestClock): FairQueue {
  return new FairQueue({ most: WRITES_AT_ONCE, mostOfClient: WRITES_OF_CLIENT, ...ofRequests(requests) });
}
