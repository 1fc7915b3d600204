/**
 * What the relay takes, measured with its own code on local D1, which counts rows as Cloudflare's does. tests/scripts/bill.test.ts
 * measures again and fails if one of these figures has changed. The traffic is that of tests/fixtures/typical-traffic.ts.
 */
export interface Measured {
  /** An EVENT that is stored, alone in its commit. */
  event: {
    rowsRead: number;
    rowsWritten: number;
    /** Bytes of D1 that it takes for good. Replaced events take none. */
    bytes: number;
    /** Calls to the switchboard. */
    calls: number;
    /** Rows of the hub's own storage. */
    objectRows: number;
  };
  /** The removal of an event that is too old (RETENTION). */
  removal: { rowsRead: number; rowsWritten: number };
  /** A REQ, and its CLOSE after EOSE. */
  req: { rowsRead: number; calls: number };
  /** A connection that stays, with `messages` REQs that stay open. */
  connection: { rowsRead: number; calls: number; messages: number };
  /** A pull of an upstream, without the events. */
  pull: { rowsRead: number; rowsWritten: number };
  /** The look-up of one event that an upstream has sent, among the stored and the refused ones. It is stored already. */
  known: { rowsRead: number };
  /** The minute job of the relay, if there is nothing to remove. */
  minute: { rowsRead: number };
}

export const MEASURED: Measured = {
  event: { rowsRead: 31.2, rowsWritten: 11.2, bytes: 1250, calls: 1, objectRows: 1 },
  removal: { rowsRead: 30.6, rowsWritten: 5.6 },
  req: { rowsRead: 51.9, calls: 0 },
  connection: { rowsRead: 120.5, calls: 1, messages: 3 },
  pull: { rowsRead: 10, rowsWritten: 6 },
  known: { rowsRead: 4 },
  minute: { rowsRead: 52 },
};
