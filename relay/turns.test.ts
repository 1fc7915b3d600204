import { expect, it } from "vitest";
import { Turns } from "./turns.ts";

function turns(most: number, mostOfLine: number): Turns {
  return new Turns({ most, mostOfLine, breathe: async () => undefined });
}

/** Work that lasts until it is told to end. */
function startAll(turns: Turns, works: [line: string, name: string][]) {
  const started: string[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const all = works.map(([line, name]) =>
    turns.take(line, name, () => {
      started.push(name);
      return new Promise<string>((done, fail) => ends.push((error) => (error ? fail(error) : done(name))));
    }),
  );
  const settle = () => new Promise((later) => setTimeout(later));
  return {
    started,
    all: Promise.allSettled(all),
    settle,
    async endNext(error?: Error) {
      ends.shift()?.(error);
      await settle();
    },
  };
}

it("so many work at once; the others start in their order, also after a failure", async () => {
  const work = startAll(
    turns(2, 2),
    ["1", "2", "3", "4"].map((name) => ["a", name]),
  );
  await work.settle();
  expect(work.started).toEqual(["1", "2"]);
  await work.endNext(new Error("broken"));
  expect(work.started).toEqual(["1", "2", "3"]);
  for (let n = 0; n < 3; n += 1) await work.endNext();
  expect(work.started).toEqual(["1", "2", "3", "4"]);
  expect((await work.all).map(({ status }) => status)).toEqual([
    "rejected",
    "fulfilled",
    "fulfilled",
    "fulfilled",
  ]);
});

it("no line takes more than its part, while there is room for others", async () => {
  const work = startAll(turns(3, 2), [
    ["a", "a1"],
    ["a", "a2"],
    ["a", "a3"],
    ["b", "b1"],
  ]);
  await work.settle();
  expect(work.started).toEqual(["a1", "a2", "b1"]);
});

it("lines take turns: who comes last with little waits for one turn of each", async () => {
  const flood = Array.from({ length: 100 }, (_, n) => ["flood", `f${n}`] as [string, string]);
  const work = startAll(turns(1, 1), [...flood, ["other", "o1"], ["third", "t1"], ["other", "o2"]]);
  await work.settle();
  for (let n = 0; n < 6; n += 1) await work.endNext();
  expect(work.started).toEqual(["f0", "f1", "o1", "t1", "f2", "o2", "f3"]);
});

it("takes a breath before a turn that was waited for, and none otherwise", async () => {
  const breaths: (() => void)[] = [];
  const breathe = () => new Promise<void>((done) => breaths.push(done));
  const work = startAll(new Turns({ most: 1, mostOfLine: 1, breathe }), [
    ["a", "a1"],
    ["b", "b1"],
  ]);
  await work.settle();
  await work.endNext();
  expect([work.started, breaths.length]).toEqual([["a1"], 1]);
  breaths.shift()?.();
  await work.settle();
  await work.endNext();
  expect([work.started, breaths.length]).toEqual([["a1", "b1"], 0]);
});

it("what is dropped is not waited for and does nothing; what has begun goes on", async () => {
  const turn = turns(1, 1);
  const work = startAll(turn, [
    ["a", "a1"],
    ["a", "a2"],
    ["a", "a3"],
    ["b", "b1"],
  ]);
  await work.settle();
  for (const name of ["a1", "a2", "b1", "nobody's"]) turn.drop(name === "b1" ? "b" : "a", name);
  await work.endNext();
  expect(work.started).toEqual(["a1", "a3"]);
  await work.endNext();
  const values = (await work.all).map((one) => (one.status === "fulfilled" ? one.value : one));
  expect(values).toEqual(["a1", undefined, "a3", undefined]);
});
