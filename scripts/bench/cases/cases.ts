/** All cases, in the order in which they run: what only reads comes first, because what is published has no answers. */
import type { Case } from "./case.ts";
import { ingest } from "./ingest.ts";
import { QUERIES } from "./queries.ts";

/** `isQuick`: fewer connections. */
export function casesOf(isQuick: boolean): Case[] {
  return [...QUERIES, ...ingest(isQuick)];
}

export const SCENARIOS = [...new Set(casesOf(false).map(({ scenario }) => scenario))];
