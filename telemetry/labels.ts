/** The values of the labels of metrics. Each label has a fixed list, so the number of time series is bounded. */

/** The source: the part of the system where it happened. */
export type Source = "websocket" | "http" | "queue" | "upstream" | "cron";

/** What also counts all that has no value of its own. */
const OTHER = "other";

/**
 * Kinds that are counted one by one. All private kinds that are stored are among them, so `other` tells nothing about private
 * events. At most 20 with `other`: each is a double of an Analytics Engine point.
 */
export const KINDS = [
  "0",
  "1",
  "3",
  "4",
  "5",
  "6",
  "7",
  "16",
  "1059",
  "1111",
  "1984",
  "9735",
  "10002",
  "10013",
  "30023",
  "31234",
  OTHER,
] as const;

export type KindLabel = (typeof KINDS)[number];

export function kindLabel(kind: number): KindLabel {
  return KINDS.find((label) => label === String(kind)) ?? OTHER;
}

/** The kinds among them that only some may read. */
export const PRIVATE_KIND_LABELS: readonly string[] = ["4", "1059", "10013", "31234"] satisfies KindLabel[];

/** Why an event was refused: the prefix of its OK message (NIP-01). `other`: before version 0.3.0, which did not tell them apart. */
export const REASONS = [
  "duplicate",
  "pow",
  "blocked",
  "rate-limited",
  "invalid",
  "restricted",
  "mute",
  "error",
  "auth-required",
  "unsupported",
  OTHER,
] as const;

/** Messages of clients. NEG stands for those of NIP-77. */
export const VERBS = ["EVENT", "REQ", "COUNT", "NEG", "AUTH", "CLOSE"] as const;

export type VerbLabel = (typeof VERBS)[number];

/** The paths that the relay answers over HTTP. They do not contain what was asked for. */
export const ROUTES = [
  "/",
  "/health",
  "/health/ready",
  "/metrics",
  "/api/v1/openapi.json",
  "/api/v1/events",
  "/api/v1/events/count",
  "/api/v1/events/{id}",
  "/api/v1/query",
  "/api/v1/stream",
  "/api/v1/stats",
  "/api/v1/export",
  "/api/v1/import",
  "/e/{id}",
  "/p/{key}",
  OTHER,
] as const;

export type RouteLabel = (typeof ROUTES)[number];

/** How a pull ended. `unfinished`: the upstream answers, but work remains. */
export const OUTCOMES = ["complete", "unfinished", "failed"] as const;
