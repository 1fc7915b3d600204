/** `npm run bench -- aggregate`: what its upstreams share, and a small run. */
import { expect, it } from "vitest";
import { storedEvents } from "../../scripts/bench/corpus/corpus.ts";
import { sharesOf } from "../../scripts/bench/aggregate/upstreams.ts";
import { ROOT, startProgram } from "../fixtures/program.ts";

it("each upstream shares four fifths of its events with both others, and together they have all", () => {
  const events = [...storedEvents({ count: 700, end: 1_800_000_000, seed: 1 })];
  const shares = sharesOf(events).map((share) => share.map(({ id }) => id));
  expect(new Set(shares.flat()).size).toBe(events.length);
  for (const share of shares) {
    const shared = share.filter((id) => shares.every((other) => other.includes(id)));
    expect(shared.length / share.length).toBeCloseTo(0.8);
    const alone = share.filter((id) => shares.every((other) => other === share || !other.includes(id)));
    expect(alone.length).toBe(share.length - shared.length);
  }
});

it("a small run stores each event once, and says what that took", async () => {
  const args = [`${ROOT}scripts/bench.ts`, "aggregate", "--events", "300"];
  const { code, stdout, stderr } = await startProgram(`${ROOT}node_modules/.bin/node`, args, { cwd: ROOT })
    .ended;
  expect(stderr).toMatch(/pulling \d+ events from three upstreams/);
  const [heads = [], , cells = []] = stdout
    .split("\n")
    .map((line) => line.split("|").map((cell) => cell.trim()));
  const cell = (head: string) => Number.parseFloat(cells[heads.indexOf(head)] ?? "");
  const events = Number(/pulling (\d+)/.exec(stderr)?.[1]);
  expect(cell("events")).toBe(events);
  expect(cell("copies sent")).toBeGreaterThan(2 * events);
  expect(cell("copies dropped before the queue")).toBeLessThanOrEqual(100);
  for (const head of ["seconds", "queue operations/1000", "rows read/event", "rows written/event"])
    expect(cell(head)).toBeGreaterThan(0);
  expect(code).toBe(0);
});

it.each([
  [["--events", "0"], "--events is"],
  [["--relay", "/nowhere"], "/nowhere"],
  [["--rounds", "2"], "--rounds"],
])("refuses %s", async (given, problem) => {
  const args = [`${ROOT}scripts/bench.ts`, "aggregate", ...given];
  const { code, stderr } = await startProgram(`${ROOT}node_modules/.bin/node`, args, { cwd: ROOT }).ended;
  expect(code).not.toBe(0);
  expect(stderr).toContain(problem);
});
