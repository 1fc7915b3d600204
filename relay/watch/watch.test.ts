import { expect, it } from "vitest";
import type { Notice } from "../../telemetry/log.ts";
import type { ProbeResult } from "./probe.ts";
import { watch } from "./watch.ts";

const OK: ProbeResult = { outcome: "ok", milliseconds: 40 };

function openWatch(interval: number, result = OK, saveProbe = async () => {}) {
  const log = { tests: 0, saved: [] as ProbeResult[], reported: [] as unknown[] };
  const deps = {
    interval,
    async probe() {
      log.tests += 1;
      return result;
    },
    async saveProbe(saved: ProbeResult) {
      log.saved.push(saved);
      await saveProbe();
    },
    report: (error: unknown) => void log.reported.push(error),
  };
  return { log, deps };
}

it.each([
  [0, 0],
  [1, 60],
  [60, 60],
  [90, 30],
  [900, 4],
  [3600, 1],
])("with an interval of %i s it is tested %i times an hour", async (interval, times) => {
  const { log, deps } = openWatch(interval);
  for (let minute = 1000; minute < 1060; minute += 1) await watch(deps, minute);
  expect(log.tests).toBe(times);
  expect(log.saved).toHaveLength(times);
});

it("a failure is in the log; a refusal is not", async () => {
  const failing = openWatch(60, { outcome: "failed", milliseconds: 15_000, problem: "no OK within 15 s" });
  await watch(failing.deps, 1);
  expect((failing.log.reported as Notice[]).map(({ message }) => message)).toEqual([
    "the relay's test of itself failed: no OK within 15 s",
  ]);
  const refusing = openWatch(60, { outcome: "refused", milliseconds: 20, problem: "an event was refused" });
  await watch(refusing.deps, 1);
  expect(refusing.log).toMatchObject({ reported: [], saved: [{ outcome: "refused" }] });
});

it("a result that cannot be kept is in the log, and the watch goes on", async () => {
  const away = new Error("D1 is away");
  const { log, deps } = openWatch(60, OK, () => Promise.reject(away));
  await watch(deps, 1);
  expect(log.reported).toEqual([away]);
});
