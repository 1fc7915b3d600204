import type { Destination } from "../move/import-events.ts";

/** A destination that is opened before the first event and closed after the last one. */
export interface OpenDestination extends Destination {
  /** Rejects if nothing can be stored there. */
  reach(): Promise<void>;
  /** Resolves when everything that was answered before is on the disk. Absent: it always is, or that is the relay's affair. */
  settle?(): Promise<void>;
  close(): Promise<void>;
}
