import { expect, it } from "vitest";
import { SharedRun } from "./shared-run.ts";
import { turn } from "../tests/fixtures/turn.ts";

/** Returns a SharedRun whose runs end when the test says so. */
function controlled() {
  const ends: { resolve(value: number): void; reject(error: Error): void }[] = [];
  const shared = new SharedRun(
    () => new Promise<number>((resolve, reject) => void ends.push({ resolve, reject })),
  );
  return { shared, ends };
}

it("begins at once when nothing runs", async () => {
  const { shared, ends } = controlled();
  expect(shared.current).toBeUndefined();
  const run = shared.run();
  expect(shared.current).toBe(run);
  ends[0]!.resolve(1);
  expect(await run).toBe(1);
  expect(shared.current).toBeUndefined();
});

it("shares the next run among all who come during one", async () => {
  const { shared, ends } = controlled();
  const first = shared.run();
  const others = [shared.run(), shared.run(), shared.run()];
  await turn();
  expect(ends).toHaveLength(1);
  ends[0]!.resolve(1);
  await turn();
  expect(ends).toHaveLength(2);
  ends[1]!.resolve(2);
  expect(await Promise.all([first, ...others])).toEqual([1, 2, 2, 2]);
});

it("fails those who asked for the run that failed, and runs for the others", async () => {
  const { shared, ends } = controlled();
  const first = shared.run();
  const second = shared.run();
  ends[0]!.reject(new Error("away"));
  await expect(first).rejects.toThrow("away");
  await turn();
  ends[1]!.resolve(2);
  expect(await second).toBe(2);
});
