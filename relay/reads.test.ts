import { describe, expect, it } from "vitest";
import { parseFilter } from "../nostr/filter.ts";
import type { StepCost, Work } from "../store/work.ts";
import { FairQueue } from "./limits/fair-queue.ts";
import { QUERY_COST } from "./limits/cost.ts";
import { Reads } from "./reads.ts";

const parsed = parseFilter({ limit: 10 });
if (!parsed.ok) throw new Error(parsed.reason);
const FILTER = parsed.filter;

const config = { MAX_FILTERS: 20, MAX_FILTER_VALUES: 1000, DEFAULT_LIMIT: 500, MAX_LIMIT: 5000 };

function open() {
  const paid = new Map<unknown, number>();
  const turns: string[] = [];
  const reads = new Reads({
    config,
    limiter: {
      charge: ({ network }, cost) => void paid.set(network, (paid.get(network) ?? 0) + cost),
      limit({ network }) {
        turns.push(String(network));
        return undefined;
      },
    },
    queue: new FairQueue({
      most: 1,
      mostOfClient: 1,
      breathe: () => new Promise((next) => setTimeout(next)),
    }),
    now: () => 0,
    pause: async () => undefined,
  });
  const read = (network: string, filters: number, costs: StepCost[]) =>
    reads.run({
      reader: {
        network,
        keys: new Set(),
        client: network,
        mayProbablyRead: true,
        refuseRead: async () => undefined,
      },
      filters: Array.from({ length: filters }, () => FILTER),
      owner: network,
      work: () => steps(costs),
    });
  return { read, paid, turns };
}

async function* steps(costs: StepCost[]): Work<string> {
  for (const cost of costs) yield cost;
  return "done";
}

const LARGE: StepCost = { looked: 600, charge: 600, bytes: 2_000_000 };
const SMALL: StepCost = { looked: 600, charge: 600 };
const CHEAP: StepCost = { looked: 10, charge: 10 };

describe("the order of clients", () => {
  it("counts the bytes that a step returns", async () => {
    const { read, turns, paid } = open();
    await Promise.all([
      read("a", 1, [LARGE, LARGE, LARGE]),
      read(
        "b",
        1,
        Array.from({ length: 12 }, () => SMALL),
      ),
    ]);
    // 2 MB take as long as 8,000 entries.
    expect(turns.join("")).toMatch(/^ab{6,8}a/);
    // RATE_LIMIT counts what was looked at, and what is sent.
    expect(paid.get("a")).toBe(QUERY_COST + 3 * 600);
    expect(paid.get("b")).toBe(QUERY_COST + 12 * 600);
  });

  it("counts the filters of a question", async () => {
    const { read, turns } = open();
    await Promise.all(
      "bcdefaabcdefbcdef".split("").map((network) => read(network, network === "a" ? 20 : 1, [CHEAP])),
    );
    expect(turns.join("")).toBe("bcdefbcdefbcdeafa");
  });
});

describe("a step that loads events", () => {
  it("follows a cheap one in the same turn only if it is cheap too", async () => {
    const turnsBefore = async (next: StepCost) => {
      const { read, turns } = open();
      await read("a", 1, [{ ...CHEAP, next }, next]);
      return turns.length;
    };
    expect(await turnsBefore({ looked: 20, charge: 20, bytes: 20_000 })).toBe(1);
    expect(await turnsBefore({ looked: 20, charge: 20, bytes: 1_000_000 })).toBe(2);
  });
});
