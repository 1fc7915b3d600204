/** What travels on the events queue: bundles of events that one upstream sent. */

export interface Bundle {
  /** Of this shape. A queue outlives a deployment, so every version ever released stays readable. */
  version: 1;
  upstream: string;
  /** Trace context of the pull, W3C. */
  traceparent?: string;
  /** Not trusted: as the upstream sent them. */
  events: unknown[];
}
