/** What the pulls of an upstream have found, for the operator. */

/** What one pull found out about its upstream. */
export interface Findings {
  /** Milliseconds until the WebSocket was open. Absent if it did not open. */
  latency?: number;
  /** Size of the messages that arrived, in UTF-16 code units: for text in ASCII the same as bytes. */
  bytes: number;
  /** Events that arrived. */
  received: number;
  /** Events that were not stored yet, and were queued or ingested. */
  queued: number;
  /** Maximum `limit` of one request: what its document says (NIP-11), and what its answers say. */
  announcedLimit?: number;
  learntLimit?: number;
  speaksNegentropy?: boolean;
  wantsAuth?: boolean;
}

/** Sums over all pulls, and the latest value of everything else. Times are Unix seconds. */
export interface Health extends Findings {
  version: 1;
  pulls: number;
  failures: number;
  lastSuccess?: number;
  lastFailure?: { at: number; reason: string };
}

const NEW_HEALTH: Health = { version: 1, pulls: 0, failures: 0, bytes: 0, received: 0, queued: 0 };

/** Reads stored health. That of an unknown version is dropped: the next pulls find it out again. */
export function readHealth(text: string): Health {
  const health = JSON.parse(text) as Partial<Health>;
  return health.version === 1 ? { ...NEW_HEALTH, ...health } : NEW_HEALTH;
}

/** Returns the health after a pull that ended at `now`. `problem` is why it failed. */
export function afterPull(
  health: Health,
  { findings, problem }: { findings: Findings; problem?: string },
  now: number,
): Health {
  return {
    ...health,
    ...findings,
    pulls: health.pulls + 1,
    failures: health.failures + (problem === undefined ? 0 : 1),
    bytes: health.bytes + findings.bytes,
    received: health.received + findings.received,
    queued: health.queued + findings.queued,
    ...(problem === undefined ? { lastSuccess: now } : { lastFailure: { at: now, reason: problem } }),
  };
}
