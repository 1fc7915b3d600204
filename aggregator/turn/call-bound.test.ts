import { expect, it } from "vitest";
import { type FilterCursor, NEW_FILTER_CURSOR } from "../../store/upstreams/upstream-cursor.ts";
import { fakeUpstream } from "../../tests/fixtures/fake-upstream.ts";
import { aPuller, everySecond, idsOf } from "../../tests/fixtures/puller.ts";
import { callBound, MOST_CALLS } from "./call-bound.ts";
import { Stop } from "./inquiry.ts";
import type { PullDeps } from "./job.ts";

it("functions of one job share its calls, and end the pull beyond them", async () => {
  const bounded = callBound();
  const one = bounded(async (given: number) => given + 1);
  const many = bounded(async () => "many", MOST_CALLS - 2);
  expect(await one(1)).toBe(2);
  expect(await many()).toBe("many");
  await expect(many()).rejects.toMatchObject({ isFinal: true, problem: undefined });
  expect(await one(2)).toBe(3);
  await expect(one(3)).rejects.toThrow(Stop);
});

for (const speaksNegentropy of [false, true])
  it(`[36] a pull stops in time to save its cursor, and the next one goes on, ${speaksNegentropy ? "with" : "without"} NIP-77`, async () => {
    const events = everySecond(3000);
    const stored = new Set<string>();
    let calls = 0;
    /** A page takes 90 calls of the queue. */
    const jobDeps = ({ enqueue }: PullDeps): Partial<PullDeps> => {
      const bounded = callBound();
      const call = bounded(async () => void (calls += 1));
      return {
        announced: async () => ({ speaksNegentropy, maxLimit: 50 }),
        unneeded: async (ids) => {
          await call();
          return { stored: new Set(ids.filter((id) => stored.has(id))), refused: new Set() };
        },
        async enqueue(bundles) {
          for (let batch = 0; batch < 90; batch += 1) await call();
          await enqueue(bundles);
        },
      };
    };
    const puller = aPuller(fakeUpstream(events));
    const usual = { ...puller.deps };
    let cursor: FilterCursor = NEW_FILTER_CURSOR;
    let isUnfinished = true;
    for (let jobs = 0; isUnfinished; jobs += 1) {
      expect(jobs).toBeLessThan(20);
      calls = 0;
      Object.assign(puller.deps, usual, jobDeps(usual));
      const result = await puller.pull(cursor);
      ({ cursor, isUnfinished } = result);
      expect(result.problem).toBeUndefined();
      expect(calls).toBeLessThanOrEqual(MOST_CALLS);
      for (const id of puller.queued()) stored.add(id);
    }
    expect(puller.queued().toSorted()).toEqual(idsOf(events).toSorted());
  });
