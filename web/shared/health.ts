/** What the relay says about its own health (docs/http.md). */

export interface Health {
  /** What is wrong, in the relay's words. */
  problems: string[];
  /** How full the database is; undefined if the relay did not say. */
  store: { level: string; percent: number } | undefined;
  /** Whether clients can be served, in spite of problems. */
  isReady: boolean;
  /** Minutes since the relay last tested itself; undefined if it did not say. */
  testedMinutesAgo: number | undefined;
}

/** Rejects if the relay does not answer. An answer that something is wrong is an answer. */
export async function readHealth(): Promise<Health> {
  const response = await fetch("/health/ready", { cache: "no-store", signal: AbortSignal.timeout(15_000) });
  const answer = (await response.json()) as {
    problems?: unknown[];
    store?: { level?: unknown; percent?: unknown };
    probe?: { minutesAgo?: unknown } | null;
    error?: { message?: unknown };
  };
  const { problems = [], store, probe, error } = answer;
  return {
    problems: [...problems, ...(error ? [error.message] : [])].map(String),
    store:
      typeof store?.percent === "number" ? { level: String(store.level), percent: store.percent } : undefined,
    isReady: response.ok,
    testedMinutesAgo: typeof probe?.minutesAgo === "number" ? probe.minutesAgo : undefined,
  };
}
