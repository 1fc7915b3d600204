/** Measures one case on one relay: first the warm-up, then so many seconds. */
import { setTimeout } from "node:timers/promises";
import { Meter, type Run } from "./meter.ts";
import { usedBy } from "./processes.ts";

/** A relay that runs. */
export interface Relay {
  name: string;
  url: string;
  /** The process whose CPU and memory count, with its descendants. */
  pid: number | undefined;
  /** The NIPs that it says it supports. */
  nips: ReadonlySet<number>;
  /** Whether it answers /api/v1/events as this project does. */
  hasHttpApi: boolean;
}

export interface Pace {
  seconds: number;
  /** Seconds. */
  warmUp: number;
}

/** What clients do to a relay. */
export interface Load {
  start(): void;
  /** Resolves if there is nothing left to do. */
  finished: Promise<void>;
  /** Begins nothing more. Resolves when what was begun is answered. */
  stop(): Promise<void>;
  close(): void;
}

/** An operation that is not answered for so long has failed. */
export const PATIENCE_MILLISECONDS = 30_000;

export async function measure(
  relay: Relay,
  { seconds, warmUp }: Pace,
  open: (meter: Meter) => Promise<Load>,
): Promise<Run> {
  const meter = new Meter();
  const load = await open(meter);
  try {
    load.start();
    await within(1000 * warmUp, load.finished);
    meter.begin(usedBy(relay.pid));
    await within(1000 * seconds, load.finished);
    meter.end(usedBy(relay.pid));
    await within(PATIENCE_MILLISECONDS, load.stop());
  } finally {
    load.close();
  }
  return meter.result();
}

/** Returns loads that run at the same time as one. It has finished when all have. */
export function together(loads: Load[]): Load {
  return {
    start() {
      for (const load of loads) load.start();
    },
    finished: Promise.all(loads.map(({ finished }) => finished)).then(() => undefined),
    stop: () => Promise.all(loads.map((load) => load.stop())).then(() => undefined),
    close() {
      for (const load of loads) load.close();
    },
  };
}

/** Resolves when the work ends, at the latest after so many milliseconds. */
export async function within(milliseconds: number, work: Promise<unknown>): Promise<void> {
  const stopped = new AbortController();
  await Promise.race([
    setTimeout(milliseconds, undefined, { signal: stopped.signal }).catch(() => undefined),
    work,
  ]);
  stopped.abort();
}
