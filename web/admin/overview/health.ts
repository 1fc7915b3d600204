/** What the relay says about its own health (docs/http.md). */

export interface Health {
  /** What is wrong, in the relay's words. */
  problems: string[];
  /** How full the database is; undefined if the relay did not say. */
  store: { level: string; percent: number } | undefined;
}

/** Rejects if the relay does not answer. An answer that something is wrong is an answer. */
export async function readHealth(): Promise<Health> {
  const response = await fetch("/health/ready", { cache: "no-store", signal: AbortSignal.timeout(15_000) });
  const answer = (await response.json()) as {
    problems?: unknown[];
    store?: { level?: unknown; percent?: unknown };
    error?: { message?: unknown };
  };
  const { problems = [], store, error } = answer;
  return {
    problems: [...problems, ...(error ? [error.message] : [])].map(String),
    store:
      typeof store?.percent === "number" ? { level: String(store.level), percent: store.percent } : undefined,
  };
}
