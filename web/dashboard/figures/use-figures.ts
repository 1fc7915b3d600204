/** The figures of a range, read again each minute while the page is seen. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { RangeName } from "../../../telemetry/stats-answer.ts";
import { ApiError } from "../../shared/api.ts";
import { readHealth } from "../../shared/health.ts";
import { callRelay } from "../../shared/management/call.ts";
import { unixNow } from "../../shared/now.ts";
import type { Access } from "../access/access.ts";
import type { Figures } from "./figures.ts";
import { readGauges } from "./read-gauges.ts";
import { readStats } from "./read-stats.ts";

export interface Reading {
  /** The last ones that were read with this access. They may be of another range. */
  figures: Figures | undefined;
  /** Why they could not be read the last time. */
  problem: unknown;
  isReading: boolean;
  read(): void;
}

/** Returns whether the relay wants to know who reads. */
export function isRefusal(problem: unknown): boolean {
  return problem instanceof ApiError && problem.code === "auth-required";
}

interface State {
  of: Access;
  figures?: Figures;
  problem: unknown;
  isReading: boolean;
}

const MINUTE_MILLISECONDS = 60_000;
/** A step is over with its minute. Then the relay sums it. */
const DELAY_MILLISECONDS = 2000;

export function useFigures(range: RangeName, access: Access, isPaused: boolean): Reading {
  const [state, setState] = useState<State>({ of: access, problem: undefined, isReading: true });
  const running = useRef<AbortController>(undefined);
  async function read() {
    running.current?.abort();
    const run = new AbortController();
    running.current = run;
    // Who signs out leaves no figures behind.
    setState((known) => ({
      ...(known.of === access ? known : { of: access, problem: known.problem }),
      isReading: true,
    }));
    try {
      const figures = await readAll(range, access, run.signal);
      if (!run.signal.aborted) setState({ of: access, figures, problem: undefined, isReading: false });
    } catch (problem) {
      if (!run.signal.aborted) setState((known) => ({ ...known, problem, isReading: false }));
    }
  }
  useEffect(() => {
    void read();
    return () => running.current?.abort();
  }, [range, access]);
  const { figures, problem, isReading } = state;
  const isWaiting = isPaused || isRefusal(problem);
  useEffect(
    () => (isWaiting ? undefined : eachMinuteWhileSeen(() => void read())),
    [range, access, isWaiting],
  );
  return { figures, problem, isReading, read: () => void read() };
}

/** Calls once a minute, and when the page is seen again after a minute or more. Returns what ends it. */
function eachMinuteWhileSeen(call: () => void): () => void {
  let due = nextMinute();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const follow = () => {
    clearTimeout(timer);
    if (document.hidden) return;
    if (Date.now() >= due) {
      due = nextMinute();
      call();
    }
    timer = setTimeout(follow, due - Date.now());
  };
  follow();
  document.addEventListener("visibilitychange", follow);
  return () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", follow);
  };
}

function nextMinute(): number {
  const now = Date.now();
  return now - (now % MINUTE_MILLISECONDS) + MINUTE_MILLISECONDS + DELAY_MILLISECONDS;
}

/** Rejects if there are no statistics. */
async function readAll(range: RangeName, access: Access, signal: AbortSignal): Promise<Figures> {
  const health = orError(readHealth());
  const stats = await readStats(range, access, signal);
  const [gauges, upstreams] = await Promise.all([
    orError(readGauges(access, signal)),
    access && "signer" in access
      ? orError(callRelay(access.signer, "listupstreams", []).then(({ result }) => result))
      : undefined,
  ]);
  return { stats, health: await health, gauges, upstreams, readAt: unixNow() };
}

async function orError<T>(promise: Promise<T>): Promise<T | Error> {
  try {
    return await promise;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}
