/** The state of an upstream's live connection, for the operator. Times are Unix seconds. */

export interface LiveHealth {
  version: 1;
  /** Absent: there is no connection. */
  connectedSince?: number;
  /** When the last event came that is to be stored or delivered. */
  lastEvent?: number;
  lastDrop?: { at: number; reason: string };
  /** Numbers of lost or refused connections, of events, and of messages that nobody asked for. */
  drops: number;
  events: number;
  waste: number;
}

export const NEW_LIVE_HEALTH: LiveHealth = { version: 1, drops: 0, events: 0, waste: 0 };

/** Reads stored health. That of an unknown version is dropped, and counted from 0 again. */
export function readLiveHealth(text: string): LiveHealth {
  const health = JSON.parse(text) as Partial<LiveHealth>;
  return health.version === 1 ? { ...NEW_LIVE_HEALTH, ...health } : NEW_LIVE_HEALTH;
}

/** Returns the health of an upstream that is not connected any more. */
export function disconnected({ connectedSince: _since, ...health }: LiveHealth): LiveHealth {
  return health;
}
