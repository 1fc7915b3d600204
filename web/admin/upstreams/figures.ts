/** What the admin page says of an upstream. */
import type { FilterStatus } from "../../shared/management/answers.ts";

export const DIRECTIONS = {
  in: "pulled",
  out: "published to",
  both: "pulled and published to",
} as const;

export const ORIGINS = {
  settings: "the setting UPSTREAMS",
  operator: "an admin",
  outbox: "the outbox",
} as const;

export function gapsOf(filters: readonly FilterStatus[]): number {
  return filters.reduce((sum, { gapCount }) => sum + gapCount, 0);
}

export function lostOf(filters: readonly FilterStatus[]): number {
  return filters.reduce((sum, { lostCount }) => sum + lostCount, 0);
}
