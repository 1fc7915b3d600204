import { expect, it } from "vitest";
import { Counts } from "../../telemetry/counts.ts";
import { parseConfig } from "../config.ts";
import type { Debt } from "./token-buckets.ts";
import { RateLimiter } from "./rate-limiter.ts";

const CLIENT = { network: "203.0.113.7", keys: [] };

function open(settings: Record<string, string> = {}, spendLimit = { share: 1 }) {
  const parsed = parseConfig({ RATE_LIMIT: "6000", ...settings });
  if (!parsed.ok) throw new Error(parsed.problems.join());
  const clock = { now: 1_700_000_000 };
  const kept: Debt[][] = [];
  const metrics = new Counts();
  const reported: unknown[] = [];
  const start = () =>
    new RateLimiter({
      config: parsed.config,
      spendLimit,
      now: () => clock.now,
      memory: {
        debts: () => kept.at(-1) ?? [],
        keepDebts: (debts) => void kept.push(structuredClone(debts)),
      },
      metrics,
      source: "http",
      report: (line) => void reported.push(line),
    });
  return { clock, kept, metrics, reported, start, limiter: start() };
}

it("says in how many seconds to try again, and is right", () => {
  const { limiter, clock } = open();
  limiter.charge(CLIENT, 7250);
  expect(limiter.refusal(CLIENT)).toEqual({
    prefix: "rate-limited",
    reason: "too many requests; retry in 14 s",
    seconds: 14,
  });
  clock.now += 12;
  expect(limiter.refusal(CLIENT)).toMatchObject({ seconds: 2 });
  clock.now += 1;
  expect(limiter.refusal(CLIENT)).toBeUndefined();
});

it("a smaller share of the allowance is smaller at once, and the whole is back when it ends", () => {
  const spendLimit = { share: 1 };
  const { limiter } = open({}, spendLimit);
  limiter.charge(CLIENT, 2000);
  expect(limiter.refusal(CLIENT)).toBeUndefined();
  spendLimit.share = 1 / 4;
  // 1,500 a minute: 500 are owed, and the next request costs 150.
  expect(limiter.refusal(CLIENT)).toMatchObject({ seconds: 26 });
  spendLimit.share = 1;
  expect(limiter.refusal(CLIENT)).toBeUndefined();
});

it("RATE_LIMIT=off lets everything pass", () => {
  const { limiter, kept } = open({ RATE_LIMIT: "off" });
  limiter.charge(CLIENT, 1e9);
  expect([limiter.refusal(CLIENT), kept]).toEqual([undefined, []]);
});

it("what somebody owes outlives the memory of the relay", () => {
  const { limiter, clock, start } = open();
  limiter.charge(CLIENT, 4000);
  limiter.charge(CLIENT, 4000);
  // A debt is saved when it reaches half of the allowance. Later charges of that second are saved at the next refusal.
  clock.now += 1;
  const refusal = limiter.refusal(CLIENT);
  expect(refusal).toMatchObject({ seconds: 21 });
  expect(start().refusal(CLIENT)).toEqual(refusal);
  clock.now += 19;
  expect(start().refusal(CLIENT)).toBeUndefined();
});

it("debts are kept at most every second while somebody is refused, every ten seconds otherwise", () => {
  const { limiter, clock, kept } = open();
  limiter.charge(CLIENT, 4000);
  for (let n = 0; n < 50; n += 1) limiter.charge(CLIENT, 100);
  expect(kept).toHaveLength(1);
  clock.now += 1;
  for (let n = 0; n < 50; n += 1) limiter.refusal(CLIENT);
  expect(kept).toHaveLength(2);
  clock.now += 9;
  limiter.charge(CLIENT, 1);
  expect(kept).toHaveLength(2);
  clock.now += 1;
  limiter.charge(CLIENT, 1);
  expect(kept).toHaveLength(3);
});

it("nothing is kept of those who ask little", () => {
  const { limiter, kept } = open();
  for (let n = 0; n < 30; n += 1) limiter.charge(CLIENT, 100);
  expect(kept).toEqual([]);
});

it("a dry run refuses nobody, and tells once each time that somebody would have had to wait", () => {
  const { limiter, clock, metrics, reported } = open({ POLICY_DRY_RUN: "on" });
  for (let n = 0; n < 5; n += 1) {
    limiter.charge(CLIENT, 5000);
    expect(limiter.refusal(CLIENT)).toBeUndefined();
  }
  expect(reported).toEqual(["dry run: RATE_LIMIT would have made a client wait 40 s"]);
  clock.now += 600;
  limiter.charge(CLIENT, 6100);
  expect(reported.slice(1)).toEqual(["dry run: RATE_LIMIT would have made a client wait 1 s"]);
  expect(metrics.list()).toEqual([
    { name: "clients_would_refuse_total", labels: { source: "http" }, amounts: [2] },
  ]);
});
