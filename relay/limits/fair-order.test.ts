import { describe, expect, it } from "vitest";
import { FairOrder } from "./fair-order.ts";

/** Serves clients that always have more work, each with its own cost. Returns how much each was served. */
function serve(order: FairOrder, costs: Record<string, number>, turns: number): Map<string, number> {
  const served = new Map(Object.keys(costs).map((client) => [client, 0]));
  for (const [client, cost] of Object.entries(costs)) order.add(client, cost);
  for (let n = 0; n < turns; n += 1) {
    const client = order.take()?.client as string;
    const cost = costs[client] ?? 0;
    order.charge(client, cost, served.size);
    served.set(client, (served.get(client) ?? 0) + cost);
    order.add(client, cost);
  }
  return served;
}

describe("the order in which clients are served", () => {
  it("gives each the same work, whatever a piece of it costs", () => {
    const served = serve(new FairOrder(), { small: 10, middle: 400, large: 5000 }, 5000);
    const works = [...served.values()];
    expect(Math.min(...works)).toBeGreaterThan(5000);
    expect(Math.max(...works) - Math.min(...works)).toBeLessThan(2 * 5000);
  });

  it("takes one that comes with little before those that have been served much", () => {
    const order = new FairOrder();
    serve(order, { a: 4000, b: 4000, c: 4000 }, 100);
    order.add("late", 100);
    expect(order.take()?.client).toBe("late");
  });

  it("counts what a piece of work turned out to cost, while the client waits again", () => {
    const order = new FairOrder();
    for (const client of ["a", "b"]) order.add(client, 1);
    order.charge("a", 5000, 2);
    expect(order.take()?.client).toBe("b");
    expect(order.take()?.client).toBe("a");
    expect(order.take()).toBeUndefined();
  });

  it("serves a client that always waits, however many new ones come with less", () => {
    const order = new FairOrder();
    order.add("large", 5000);
    let before = 0;
    for (; before < 1000; before += 1) {
      order.add(`new ${before}`, 10);
      const client = order.take()?.client;
      if (client === "large") break;
      order.charge(client, 10, 2);
    }
    expect(before).toBeLessThan(200);
  });

  it("forgets those who came once", () => {
    const order = new FairOrder();
    for (let n = 0; n < 50_000; n += 1) {
      order.add(n, 10);
      order.charge(order.take()?.client, 10, 1);
    }
    expect(order["work"].size).toBeLessThan(2500);
  });
});
