/** A relay of the benchmark, and how it comes to the stored events. */
import type { Relay } from "../load/measure.ts";

export interface StartedRelay extends Relay {
  /** What it is: its version or commit, for the report. */
  about: string;
  /** Bytes on disk, when the events were stored and nothing else; undefined if that is not known. */
  bytes: number | undefined;
  stop(): Promise<void>;
}

/** Called with a line for what takes time. */
export type Say = (line: string) => void;
