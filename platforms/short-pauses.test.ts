import { expect, it } from "vitest";
import { shareShortPauses } from "./short-pauses.ts";

/** Timers that fire when the test says so. */
function manualTimers() {
  const begun: { milliseconds: number; fire(): void }[] = [];
  const wait = (milliseconds: number) =>
    new Promise<void>((resolve) => {
      begun.push({ milliseconds, fire: resolve });
    });
  return { begun, wait };
}

it("begins one timer for short pauses that overlap", async () => {
  const { begun, wait } = manualTimers();
  const pause = shareShortPauses(wait);
  const ended: string[] = [];
  const pauses = ["a", "b", "c"].map((name, at) => pause(at === 0 ? 0 : 1).then(() => ended.push(name)));
  expect(begun.map(({ milliseconds }) => milliseconds)).toEqual([1]);
  await Promise.resolve();
  expect(ended).toEqual([]);
  begun[0]?.fire();
  await Promise.all(pauses);
  expect(ended).toEqual(["a", "b", "c"]);
});

it("begins another timer for a pause that begins after the end of the last one", async () => {
  const { begun, wait } = manualTimers();
  const pause = shareShortPauses(wait);
  const first = pause(1);
  begun[0]?.fire();
  await first;
  let isOver = false;
  const second = pause(1).then(() => {
    isOver = true;
  });
  expect(begun).toHaveLength(2);
  await Promise.resolve();
  expect(isOver).toBe(false);
  begun[1]?.fire();
  await second;
});

it("gives each longer pause a timer of its own", async () => {
  const { begun, wait } = manualTimers();
  const pause = shareShortPauses(wait);
  const all = [pause(2), pause(2), pause(1), pause(500)];
  expect(begun.map(({ milliseconds }) => milliseconds)).toEqual([2, 2, 1, 500]);
  for (const { fire } of begun) fire();
  await Promise.all(all);
});

it("tells everybody who waits if the timer fails, and begins another one for the next pause", async () => {
  let calls = 0;
  const pause = shareShortPauses(async () => {
    calls += 1;
    if (calls === 1) throw new Error("no timer");
  });
  await Promise.all([
    expect(pause(1)).rejects.toThrow("no timer"),
    expect(pause(1)).rejects.toThrow("no timer"),
  ]);
  await pause(1);
  expect(calls).toBe(2);
});
