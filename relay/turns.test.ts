import { expect, it } from "vitest";
import { Turns } from "./turns.ts";

it("runs so many at once, the others in their order, and goes on after a failure", async () => {
  const turns = new Turns(2);
  const started: number[] = [];
  const ends: (() => void)[] = [];
  const work = (n: number) => () => {
    started.push(n);
    return new Promise<number>((end, fail) => {
      ends.push(() => (n === 0 ? fail(new Error("broken")) : end(n)));
    });
  };
  const all = Promise.allSettled([0, 1, 2, 3].map((n) => turns.take(work(n))));
  expect(started).toEqual([0, 1]);
  for (const count of [3, 4, 4, 4]) {
    ends.shift()?.();
    await new Promise((later) => setTimeout(later));
    expect(started).toHaveLength(count);
  }
  expect(started).toEqual([0, 1, 2, 3]);
  expect((await all).map(({ status }) => status)).toEqual([
    "rejected",
    "fulfilled",
    "fulfilled",
    "fulfilled",
  ]);
});
