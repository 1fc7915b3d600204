/**
 * Behaviours of upstreams as data: what each does, and what must come of it. Nothing is lost that could be had, no job exceeds its
 * bounds, and nothing is queued twice.
 */
import { describe, expect, it } from "vitest";
import { NOW } from "../../fixtures/puller.ts";
import { SimulatedPulls } from "../../fixtures/simulated-upstream.ts";
import { ANSWERS } from "./answers.ts";
import { HOSTILE } from "./hostile.ts";
import { LIMITS } from "./limits.ts";
import { RECONCILIATIONS } from "./reconciliations.ts";
import { REFUSALS } from "./refusals.ts";
import type { Expected, Row } from "./row.ts";

const TABLES: Record<string, Row[]> = {
  "how answers end": ANSWERS,
  "limits and order": LIMITS,
  refusals: REFUSALS,
  "hostile frames": HOSTILE,
  reconciliations: RECONCILIATIONS,
};

it("there are at least 60 of them", () => {
  expect(Object.values(TABLES).flat().length).toBeGreaterThanOrEqual(60);
});

describe.each(Object.entries(TABLES))("%s", (_, rows) => {
  it.each(rows)("an upstream that $what", async (row) => {
    const pulls = new SimulatedPulls(row.upstream);
    let last: Awaited<ReturnType<SimulatedPulls["pull"]>> | undefined;
    for (let nth = 1; nth <= (row.pulls ?? 1); nth += 1) {
      const become = row.later?.[nth];
      if (become) pulls.become(become);
      if (nth > 1)
        pulls.clock.milliseconds = Math.max(pulls.clock.milliseconds, (NOW + 60 * (nth - 1)) * 1000);
      const failures = last?.problem === undefined ? 0 : 1;
      last = await pulls.pull({ failures, learntLimit: last?.findings.learntLimit, ...row.task }, row.change);
      expect(last.seconds).toBeLessThanOrEqual(row.expect.seconds ?? 62);
      expect(last.questions).toBeLessThanOrEqual(row.expect.questions ?? 100);
    }
    expect(new Set(pulls.queued).size).toBe(pulls.queued.length);
    const wanted = wantedOf(row);
    expect(typeof wanted === "number" ? pulls.queued.length : pulls.queued.toSorted()).toEqual(wanted);
    expect(stateOf(last!)).toEqual(expectedState(row.expect));
  });
});

/** Returns the ids that must be on the queue, or their number. */
function wantedOf({ upstream, later, expect: { queued } }: Row): string[] | number {
  if (typeof queued === "number") return queued;
  const stored = [upstream, ...Object.values(later ?? {})].flatMap(({ events = [] }) => events);
  return [...new Set((queued === "all" ? stored : queued).map(({ id }) => id))].toSorted();
}

type Last = Awaited<ReturnType<SimulatedPulls["pull"]>>;

function stateOf({ cursor, problem, pause, isUnfinished }: Last) {
  const [filter] = Object.values(cursor.filters);
  return {
    isReached: filter?.pulledTo !== undefined,
    pending: filter?.pending.map(({ since, until = Infinity }) => [age(since), age(until)]),
    lost: filter?.lost?.map(({ since, reason }) => [age(since), reason]) ?? [],
    problem,
    pause,
    isUnfinished,
  };
}

function expectedState(expected: Expected) {
  return {
    isReached: expected.isReached ?? true,
    pending: expected.pending ?? [],
    lost: (expected.lost ?? []).map(([second, reason]) => [second, expect.stringContaining(reason)]),
    problem: expected.problem,
    pause: expected.pause,
    isUnfinished: expected.isUnfinished ?? false,
  };
}

/** The first second is that of history: all of it. */
function age(time: number): number {
  return time === 0 ? Infinity : NOW - time;
}
