import TinyQueue from "tinyqueue";
import { expect, it, vi } from "vitest";
import { FairQueue } from "./fair-queue.ts";

function fairQueue(most: number, mostOfClient: number): FairQueue {
  return new FairQueue({ most, mostOfClient, breathe: async () => undefined });
}

/** Starts work that lasts until the test ends it. */
function startAll(queue: FairQueue, works: [client: string, name: string][]) {
  const started: string[] = [];
  const ends: ((error?: Error) => void)[] = [];
  const all = works.map(([client, name]) =>
    queue.run(client, name, () => {
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

it("so many run at once; the others start in their order, also after a failure", async () => {
  const work = startAll(
    fairQueue(2, 2),
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

it("a client may run many cheap pieces of work at once, and few that cost much, so that others find room", async () => {
  const bounds = { most: 8, mostOfClient: 6, mostCost: 1000, mostCostOfClient: 500 };
  const runningOf = async (cost: number) => {
    const queue = new FairQueue({ ...bounds, breathe: async () => undefined });
    const started: string[] = [];
    const run = (client: string) =>
      queue.run(
        client,
        client,
        () => {
          started.push(client);
          return new Promise(() => undefined);
        },
        cost,
      );
    for (let n = 0; n < 10; n += 1) void run("many");
    void run("late");
    await new Promise((later) => setTimeout(later));
    return started.filter((client) => client === "many").length + (started.includes("late") ? 100 : 0);
  };
  expect(await runningOf(10)).toBe(106);
  expect(await runningOf(200)).toBe(102);
  // A piece that costs more than that runs alone.
  expect(await runningOf(600)).toBe(1);
});

it("many cheap pieces of work of one client count for what each takes besides its own cost", async () => {
  const queue = new FairQueue({ most: 1, mostOfClient: 1, turnCost: 1000, breathe: async () => undefined });
  const order: string[] = [];
  const run = (client: string, cost: number) =>
    queue.run(client, client, async () => void order.push(client), cost);
  const cheap = Array.from({ length: 40 }, () => run("cheap", 1));
  const dear = Array.from({ length: 10 }, () => run("dear", 400));
  await Promise.all([...cheap, ...dear]);
  // They take turns, nearly. By their own costs alone the ten would come after all the forty.
  expect(order.slice(0, 28).filter((client) => client === "dear").length).toBe(10);
});

it("no client takes more than its part, while there is room for others", async () => {
  const work = startAll(fairQueue(3, 2), [
    ["a", "a1"],
    ["a", "a2"],
    ["a", "a3"],
    ["b", "b1"],
  ]);
  await work.settle();
  expect(work.started).toEqual(["a1", "a2", "b1"]);
});

it("clients take turns: one that comes last with little waits for one turn of each", async () => {
  const flood = Array.from({ length: 100 }, (_, n) => ["flood", `f${n}`] as [string, string]);
  const work = startAll(fairQueue(1, 1), [...flood, ["other", "o1"], ["third", "t1"], ["other", "o2"]]);
  await work.settle();
  for (let n = 0; n < 6; n += 1) await work.endNext();
  expect(work.started).toEqual(["f0", "o1", "t1", "f1", "o2", "f2", "f3"]);
});

it("takes a breath before a turn that was waited for, and none otherwise", async () => {
  const breaths: (() => void)[] = [];
  const breathe = () => new Promise<void>((done) => breaths.push(done));
  const work = startAll(new FairQueue({ most: 1, mostOfClient: 1, breathe }), [
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
  const queue = fairQueue(1, 1);
  const work = startAll(queue, [
    ["a", "a1"],
    ["a", "a2"],
    ["a", "a3"],
    ["b", "b1"],
  ]);
  await work.settle();
  for (const name of ["a1", "a2", "b1", "nobody's"]) queue.drop(name === "b1" ? "b" : "a", name);
  await work.endNext();
  expect(work.started).toEqual(["a1", "a3"]);
  await work.endNext();
  const values = (await work.all).map((one) => (one.status === "fulfilled" ? one.value : one));
  expect(values).toEqual(["a1", undefined, "a3", undefined]);
});

it("starting and ending work takes the same steps however many clients wait", async () => {
  const [few, many] = [await stepsOfOneTurn(10), await stepsOfOneTurn(10_000)];
  expect(few).toBeGreaterThan(0);
  // Other code that runs meanwhile takes some steps too.
  expect(many).toBeLessThan(few + 100);
});

/** Counts the steps of all iterators and of the heap while the work of one client ends and that of the next starts. */
async function stepsOfOneTurn(clients: number): Promise<number> {
  const queue = fairQueue(1, 1);
  const work = startAll(
    queue,
    Array.from({ length: clients }, (_, n) => [`client ${n}`, `work ${n}`]),
  );
  await work.settle();
  let steps = 0;
  const iterators = [new Map().entries(), new Set().values()].map(
    (iterator) => Object.getPrototypeOf(iterator) as { next(): unknown },
  );
  const counted = [
    ...iterators.map((iterator) => vi.spyOn(iterator, "next")),
    vi.spyOn(TinyQueue.prototype, "push"),
    vi.spyOn(TinyQueue.prototype, "pop"),
  ];
  await work.endNext();
  for (const spy of counted) {
    steps += spy.mock.calls.length;
    spy.mockRestore();
  }
  expect(work.started).toEqual(["work 0", "work 1"]);
  return steps;
}

it("work that runs always is not dropped, and its result and failure are its own", async () => {
  const queue = fairQueue(1, 1);
  const { promise, resolve } = Promise.withResolvers<string>();
  const first = queue.runAlways("a", () => promise);
  const second = queue.runAlways("a", () => Promise.reject(new Error("broken")));
  queue.drop("a", undefined);
  resolve("done");
  expect(await first).toBe("done");
  await expect(second).rejects.toThrow("broken");
});

it("drops the work of a request that waits too long, and ends the timers of those whose turn comes", async () => {
  const waits: { milliseconds: number; end(): void; signal: AbortSignal }[] = [];
  const wait = (milliseconds: number, signal: AbortSignal) =>
    new Promise<void>((end, reject) => {
      waits.push({ milliseconds, end, signal });
      signal.addEventListener("abort", () => reject(new Error("aborted")));
    });
  const requests = { seconds: 30, now: () => 0, wait };
  const queue = new FairQueue({ most: 1, mostOfClient: 1, breathe: async () => undefined, requests });
  const { promise, resolve } = Promise.withResolvers<string>();
  const running = queue.run("a", "a1", () => promise);
  const late = queue.run("b", "b1", async () => "b1");
  const patient = queue.run("b", "b2", async () => "b2");
  expect(waits.map(({ milliseconds }) => milliseconds)).toEqual([30_000, 30_000, 30_000]);
  waits[1]?.end();
  expect(await late).toBeUndefined();
  resolve("a1");
  expect([await running, await patient]).toEqual(["a1", "b2"]);
  expect(waits.map(({ signal }) => signal.aborted)).toEqual([true, true, true]);
});
