import { describe, expect, it } from "vitest";
import { Pacer } from "./pacer.ts";

/** Returns a pacer whose pauses last until the test ends them. */
function paced(slice: number) {
  const begun: string[] = [];
  const pauses: (() => void)[] = [];
  const pacer = new Pacer({ slice, breathe: () => new Promise((end) => void pauses.push(end)) });
  return {
    begun,
    pauses,
    ask: (client: string, cost = 1) => void pacer.turn(client, cost).then(() => begun.push(client)),
    /** Ends the pause. Returns the work that starts before the next one. */
    async next() {
      begun.length = 0;
      pauses.at(-1)?.();
      await settled();
      return [...begun];
    },
  };
}

async function settled(): Promise<void> {
  for (let n = 0; n < 20; n += 1) await Promise.resolve();
}

describe("a slice", () => {
  it("begins at once, and the next one after a pause", async () => {
    const { begun, pauses, ask, next } = paced(3);
    for (let n = 0; n < 8; n += 1) ask("a");
    await settled();
    expect([begun.length, pauses.length]).toEqual([3, 1]);
    expect(await next()).toHaveLength(3);
    expect(pauses).toHaveLength(2);
    expect(await next()).toHaveLength(2);
    // The last slice had room for one more.
    ask("a");
    await settled();
    expect([begun.length, pauses.length]).toEqual([3, 2]);
    ask("a");
    await settled();
    expect([begun.length, pauses.length]).toEqual([3, 3]);
    expect(await next()).toEqual(["a"]);
  });

  it("ends with the work that reaches its cost, however much that is", async () => {
    const { begun, ask, next } = paced(100);
    ask("a", 99);
    ask("b", 5000);
    ask("c");
    await settled();
    expect(begun).toEqual(["a", "b"]);
    expect(await next()).toEqual(["c"]);
  });
});

describe("clients", () => {
  it("take turns: one that brings much waits behind those that bring little", async () => {
    const { begun, ask, next } = paced(2);
    for (let n = 0; n < 6; n += 1) ask("greedy");
    ask("a");
    ask("b");
    await settled();
    expect(begun).toEqual(["greedy", "greedy"]);
    expect(await next()).toEqual(["greedy", "a"]);
    ask("c");
    expect(await next()).toEqual(["b", "c"]);
    expect(await next()).toEqual(["greedy", "greedy"]);
    expect(await next()).toEqual(["greedy"]);
  });

  it("never overtake themselves", async () => {
    const order: number[] = [];
    const pacer = new Pacer({ slice: 1, breathe: async () => undefined });
    await Promise.all(Array.from({ length: 50 }, (_, n) => pacer.turn("a", 1).then(() => order.push(n))));
    expect(order).toEqual(Array.from({ length: 50 }, (_, n) => n));
  });
});
