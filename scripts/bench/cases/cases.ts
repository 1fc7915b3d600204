/** All cases, in the order in which they run: what only reads comes first, because what is published has no answers. */
import type { Case } from "./case.ts";
import { FAIRNESS, MIXED } from "./crowds.ts";
import { fanOut } from "./fan-out.ts";
import { HTTP } from "./http.ts";
import { NEGENTROPY } from "./negentropy.ts";
import { idle, storm } from "./storm.ts";
import { ingest } from "./ingest.ts";
import { QUERIES } from "./queries.ts";

/** `isQuick`: fewer connections. */
export function casesOf(isQuick: boolean): Case[] {
  return [
    ...QUERIES,
    NEGENTROPY,
    ...HTTP,
    FAIRNESS,
    MIXED,
    ...fanOut(isQuick),
    storm(isQuick),
    ...ingest(isQuick),
    idle(isQuick),
  ];
}

export const SCENARIOS = [...new Set(casesOf(false).map(({ scenario }) => scenario))];

/** The scenarios that run if none is chosen. */
export const USUAL_SCENARIOS = SCENARIOS.filter((name) => name !== "idle");
