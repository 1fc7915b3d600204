import { expect, it } from "vitest";
import { parseConfig } from "./config.ts";
import type { Debt } from "./rate-limit.ts";
import { answerCost, Toll } from "./toll.ts";

const CLIENT = { network: "203.0.113.7", keys: [] };

function open(settings: Record<string, string> = {}) {
  const parsed = parseConfig({ RATE_LIMIT: "6000", ...settings });
  if (!parsed.ok) throw new Error(parsed.problems.join());
  const clock = { now: 1_700_000_000 };
  const kept: Debt[][] = [];
  const spared: number[] = [];
  const start = () =>
    new Toll({
      config: parsed.config,
      now: () => clock.now,
      memory: {
        debts: () => kept.at(-1) ?? [],
        keepDebts: (debts) => void kept.push(structuredClone(debts)),
      },
      spared: (seconds) => void spared.push(seconds),
    });
  return { clock, kept, spared, start, toll: start() };
}

it("says in how many seconds to try again, and is right", () => {
  const { toll, clock } = open();
  toll.pay(CLIENT, 7250);
  expect(toll.refusal(CLIENT)).toEqual({
    prefix: "rate-limited",
    reason: "too much was asked in too short a time, try again in 14 s",
    seconds: 14,
  });
  clock.now += 12;
  expect(toll.refusal(CLIENT)).toMatchObject({ seconds: 2 });
  clock.now += 1;
  expect(toll.refusal(CLIENT)).toBeUndefined();
});

it("RATE_LIMIT=off lets everything pass", () => {
  const { toll, kept } = open({ RATE_LIMIT: "off" });
  toll.pay(CLIENT, 1e9);
  expect([toll.refusal(CLIENT), kept]).toEqual([undefined, []]);
});

it("what somebody owes outlives the memory of the relay", () => {
  const { toll, clock, start } = open();
  toll.pay(CLIENT, 4000);
  toll.pay(CLIENT, 4000);
  // Kept at half of the bucket; what comes later in the same second is kept with the next refusal.
  clock.now += 1;
  const refusal = toll.refusal(CLIENT);
  expect(refusal).toMatchObject({ seconds: 21 });
  expect(start().refusal(CLIENT)).toEqual(refusal);
  clock.now += 19;
  expect(start().refusal(CLIENT)).toBeUndefined();
});

it("debts are kept at most every second while somebody is refused, every ten seconds otherwise", () => {
  const { toll, clock, kept } = open();
  toll.pay(CLIENT, 4000);
  for (let n = 0; n < 50; n += 1) toll.pay(CLIENT, 100);
  expect(kept).toHaveLength(1);
  clock.now += 1;
  for (let n = 0; n < 50; n += 1) toll.refusal(CLIENT);
  expect(kept).toHaveLength(2);
  clock.now += 9;
  toll.pay(CLIENT, 1);
  expect(kept).toHaveLength(2);
  clock.now += 1;
  toll.pay(CLIENT, 1);
  expect(kept).toHaveLength(3);
});

it("nothing is kept of those who ask little", () => {
  const { toll, kept } = open();
  for (let n = 0; n < 30; n += 1) toll.pay(CLIENT, 100);
  expect(kept).toEqual([]);
});

it("a dry run refuses nobody, and tells once each time that somebody would have had to wait", () => {
  const { toll, clock, spared } = open({ POLICY_DRY_RUN: "on" });
  for (let n = 0; n < 5; n += 1) {
    toll.pay(CLIENT, 5000);
    expect(toll.refusal(CLIENT)).toBeUndefined();
  }
  expect(spared).toEqual([40]);
  clock.now += 600;
  toll.pay(CLIENT, 6100);
  expect(spared).toEqual([40, 1]);
});

it("an answer costs what was read, or at least what was found, and what was sent", () => {
  const events = [{ json: "x".repeat(2048) }, { json: "x".repeat(1024) }];
  expect(answerCost(1, 500, events)).toBe(100 + 500 + 10 + 12);
  expect(answerCost(2, 0, events)).toBe(200 + 2 + 10 + 12);
});
