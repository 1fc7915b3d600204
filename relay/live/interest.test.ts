import * as fc from "fast-check";
import { expect, it } from "vitest";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import { gate } from "../../tests/fixtures/turn.ts";
import { noMetrics } from "../../telemetry/metrics.ts";
import { Interest } from "./interest.ts";
import { type Declaration, type DeclarationAnswer, Switchboard } from "./switchboard.ts";
import { noTracer } from "../../telemetry/tracing.ts";

/** Returns a switchboard that the test can make forget everything except its members. */
function switchboard() {
  const members = new Set<string>();
  const delivered: string[] = [];
  const deps = {
    deliver: async (hub: string) => void delivered.push(hub),
    members: {
      list: () => [...members],
      add: (hub: string) => void members.add(hub),
      remove: (hub: string) => void members.delete(hub),
    },
    background: (work: Promise<void>) => void work,
    now: () => 0,
    retryAt: () => undefined,
    metrics: noMetrics,
    tracer: noTracer,
    report: () => undefined,
  };
  let current = new Switchboard(deps);
  let head = 0;
  return {
    declare: (declaration: Declaration) => current.declare(declaration),
    restart: () => {
      current = new Switchboard(deps);
    },
    /** Returns whether the switchboard sends the hub an event with this key now. */
    async sends(key: string): Promise<boolean> {
      delivered.length = 0;
      head += 1;
      const event = { ...signedEvent(), tags: [["t", key]] };
      current.publish([
        { version: 1, prev: head - 1, last: head, events: [{ seq: head, event }], ephemeral: [] },
      ]);
      for (let n = 0; n < 10; n += 1) await Promise.resolve();
      return delivered.length > 0;
    },
  };
}

const keys = (...values: string[]) => [{ condition: "#t", values }];

/** Returns an interest in words, which are values of `t` tags. */
function interested(send: (declaration: Declaration) => Promise<DeclarationAnswer>) {
  const words = new Set<string>();
  const wanted = {
    /** How often all words were read. */
    looks: 0,
    get isEmpty() {
      return words.size === 0;
    },
    keys() {
      wanted.looks += 1;
      return [...words].map((word) => `#t${word}`);
    },
    has: (word: string) => words.has(word),
    add(word: string) {
      if (!words.has(word)) interest.changed("#t", word, true);
      words.add(word);
    },
    delete(word: string) {
      if (words.delete(word)) interest.changed("#t", word, false);
    },
  };
  const interest = new Interest("hub", wanted, send);
  return { wanted, interest };
}

it("[15] tells everything once, then what has changed, and looks at no more than that", async () => {
  const sent: Declaration[] = [];
  const board = switchboard();
  const { wanted, interest } = interested(async (declaration) => {
    sent.push(declaration);
    return board.declare(declaration);
  });
  wanted.add("a");
  wanted.add("b");
  await interest.cover(keys("a", "b"));
  await interest.cover(keys("a"));
  wanted.delete("a");
  wanted.add("c");
  wanted.delete("b");
  wanted.add("b");
  await interest.cover(keys("c"));
  expect(sent.map(({ base, add, remove }) => [base !== undefined, add, remove])).toEqual([
    [false, ["#ta", "#tb"], []],
    [true, ["#tc"], ["#ta"]],
  ]);
  expect(wanted.looks).toBe(1);
});

it("tells everything again to a switchboard that has forgotten", async () => {
  const board = switchboard();
  const { wanted, interest } = interested(async (declaration) => board.declare(declaration));
  wanted.add("a");
  await interest.cover(keys("a"));
  board.restart();
  wanted.add("b");
  await interest.cover(keys("b"));
  expect([await board.sends("a"), await board.sends("b"), await board.sends("c")]).toEqual([
    true,
    true,
    false,
  ]);
});

it("tells what is too much for one message in several, and is sent everything until the last of them", async () => {
  const sent: Declaration[] = [];
  const board = switchboard();
  const word = (n: number) => n.toString(16).padStart(64, "0");
  const skipped: string[] = [];
  const { wanted, interest } = interested(async (declaration) => {
    sent.push(declaration);
    const answer = board.declare(declaration);
    for (const n of [0, 149_999, 150_000]) if (!(await board.sends(word(n)))) skipped.push(word(n));
    return answer;
  });
  for (let n = 0; n < 150_000; n += 1) wanted.add(word(n));
  await interest.declare();
  expect(sent.map(({ base, partial }) => [base, partial])).toEqual([
    [undefined, true],
    [1, true],
    [2, undefined],
  ]);
  expect(sent.flatMap(({ add }) => add)).toEqual(wanted.keys());
  expect(Math.max(...sent.map(({ add }) => add.length))).toBeLessThan(60_000);
  expect(skipped).toEqual([word(150_000)]);
});

it("says how far the log had come, also for keys that another declaration had", async () => {
  const heads = [7, 3];
  const { wanted, interest } = interested(async ({ revision }) => ({
    accepted: true,
    revision,
    head: heads.shift()!,
  }));
  wanted.add("a");
  wanted.add("b");
  expect(interest.knows(keys("b"))).toBe(false);
  expect(await interest.cover(keys("a"))).toBe(7);
  expect(interest.knows(keys("b"))).toBe(true);
  expect(await interest.cover(keys("b"))).toBe(7);
  wanted.add("c");
  // A switchboard that was restarted does not know the head.
  expect(await interest.cover(keys("c"))).toBe(7);
});

it("needs one declaration for all who wanted something before it, even while it is under way", async () => {
  const [answered, answer] = gate();
  const sent: string[][] = [];
  const { wanted, interest } = interested(async ({ add, revision }) => {
    sent.push(add);
    await answered;
    return { accepted: true, revision, head: 7 };
  });
  for (const word of ["a", "b"]) wanted.add(word);
  const covered = ["a", "b"].map((word) => interest.cover(keys(word)));
  expect(interest.knows(keys("b"))).toBe(false);
  answer();
  expect(await Promise.all(covered)).toEqual([7, 7]);
  expect(sent).toEqual([["#ta", "#tb"]]);
});

it("shares one declaration among all who come while another is under way", async () => {
  const gates: (() => void)[] = [];
  const sent: string[][] = [];
  const { wanted, interest } = interested(async ({ add, revision }) => {
    sent.push(add);
    await new Promise<void>((resolve) => gates.push(resolve));
    return { accepted: true, revision, head: sent.length };
  });
  const covered = ["a", "b", "c"].map((word) => {
    wanted.add(word);
    return interest.cover(keys(word));
  });
  while (gates.length < 2) {
    gates[0]?.();
    await Promise.resolve();
  }
  gates[1]!();
  expect(await Promise.all(covered)).toEqual([1, 2, 2]);
  expect(sent).toEqual([["#ta"], ["#tb", "#tc"]]);
});

it("does not take for told what is still on its way", async () => {
  const board = switchboard();
  const { promise: arrival, resolve: arrive } = Promise.withResolvers<void>();
  const { wanted, interest } = interested(async (declaration) => {
    if (declaration.base !== undefined) await arrival;
    return board.declare(declaration);
  });
  wanted.add("a");
  await interest.cover(keys("a"));
  wanted.add("b");
  const covered = [1, 2].map(() => interest.cover(keys("b")));
  const first = await Promise.race([
    covered[1]!.then(() => "covered"),
    board.sends("a").then(() => "under way"),
  ]);
  expect(first).toBe("under way");
  arrive();
  await Promise.all(covered);
  expect(await board.sends("b")).toBe(true);
});

it("after a declaration that failed tells everything", async () => {
  const sent: Declaration[] = [];
  const { wanted, interest } = interested(async (declaration) => {
    sent.push(declaration);
    if (sent.length === 2) throw new Error("the switchboard is away");
    return { accepted: true, revision: declaration.revision, head: 0 };
  });
  wanted.add("a");
  await interest.cover(keys("a"));
  wanted.add("b");
  await expect(interest.cover(keys("b"))).rejects.toThrow("away");
  await interest.cover(keys("b"));
  expect(sent.map(({ base, add }) => [base, add])).toEqual([
    [undefined, ["#ta"]],
    [1, ["#tb"]],
    [undefined, ["#ta", "#tb"]],
  ]);
});

const WORDS = ["a", "b", "c", "d"];
/** Words so long that no two fit in one message. */
const LONG_WORDS = WORDS.map((word) => word + "x".repeat(4_000_000));
const aWord = fc.nat(WORDS.length - 1);
const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("want" as const), word: aWord }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("drop" as const), word: aWord }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("declare" as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("restart" as const) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("wait" as const) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constant("go on" as const), tasks: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("publish" as const) }) },
);
const fate = fc.constantFrom("arrives", "arrives", "arrives", "request lost", "answer lost");

it.each([
  ["in one message", WORDS, 100],
  ["in several messages", LONG_WORDS, 20],
])(
  "[15] what has been covered and is still wanted is sent, whatever races, is lost or forgotten: %s",
  async (_, words, numRuns) => {
    await fc.assert(
      fc.asyncProperty(
        fc.scheduler(),
        fc.array(step, { maxLength: 25 }),
        fc.infiniteStream(fate),
        async (s, steps, fates) => {
          const board = switchboard();
          const { wanted, interest } = interested(async (declaration) => {
            const fate = fates.next().value;
            await s.schedule(Promise.resolve(), "request");
            if (fate === "request lost") throw new Error(fate);
            const answer = board.declare(structuredClone(declaration));
            await s.schedule(Promise.resolve(), "answer");
            if (fate === "answer lost") throw new Error(fate);
            return answer;
          });
          const covered = new Set<string>();
          const skipped: string[] = [];
          for (const each of steps) {
            if (each.do === "want") {
              const word = words[each.word]!;
              wanted.add(word);
              covered.delete(word);
              void interest.cover(keys(word)).then(
                () => wanted.has(word) && covered.add(word),
                () => undefined,
              );
            }
            if (each.do === "drop") {
              const word = words[each.word]!;
              wanted.delete(word);
              covered.delete(word);
            }
            // The switchboard never skips an event with a declared key, not even in the middle of a declaration.
            if (each.do === "publish") {
              for (const word of covered) skipped.push(...((await board.sends(word)) ? [] : [word]));
            }
            if (each.do === "declare") interest.declare().catch(() => undefined);
            if (each.do === "restart") board.restart();
            if (each.do === "wait") await s.waitIdle();
            if (each.do === "go on") await s.waitNext(Math.min(each.tasks, s.count()));
          }
          await s.waitIdle();
          expect(skipped).toEqual([]);
          for (const word of covered) expect(await board.sends(word), word.slice(0, 1)).toBe(true);
          fates = fc.sample(fc.infiniteStream(fc.constant("arrives")), 1)[0]!;
          const last = interest.declare();
          await s.waitFor(last);
          for (const word of words) expect(await board.sends(word), word.slice(0, 1)).toBe(wanted.has(word));
        },
      ),
      { numRuns },
    );
  },
);

it("outdoes what the switchboard knows of an earlier life of the hub", async () => {
  const board = switchboard();
  const earlier = interested(async (declaration) => board.declare(declaration));
  for (const word of ["a", "b", "c"]) {
    earlier.wanted.add(word);
    await earlier.interest.cover(keys(word));
  }
  const { wanted, interest } = interested(async (declaration) => board.declare(declaration));
  wanted.add("d");
  await interest.cover(keys("d"));
  expect([await board.sends("c"), await board.sends("d")]).toEqual([false, true]);
});
