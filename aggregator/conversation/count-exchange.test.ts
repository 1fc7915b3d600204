import { beforeEach, expect, it } from "vitest";
import { type Line, openLine } from "../../tests/fixtures/upstream-line.ts";

let line: Line;
beforeEach(() => {
  line = openLine();
});

it("a COUNT is answered with a number", async () => {
  const counted = line.upstream.count({ kinds: [1], since: 5 });
  expect(line.sent).toEqual([["COUNT", "count-1", { kinds: [1], since: 5 }]]);
  line.say("COUNT", "other", { count: 1 });
  line.say("COUNT", "count-1", { count: 42, approximate: true });
  expect(await counted).toBe(42);
});

it.each<[what: string, happen: () => unknown]>([
  ["a refusal", () => line.say("CLOSED", "count-1", "unsupported: COUNT")],
  ["no number", () => line.say("COUNT", "count-1", { count: "many" })],
  ["nothing at all", () => line.say("COUNT", "count-1", null)],
  ["less than nothing", () => line.say("COUNT", "count-1", { count: -1 })],
  ["a broken connection", () => line.end("1006")],
  ["silence", () => line.pass(16)],
])("%s is no number", async (_what, happen) => {
  const counted = line.upstream.count({});
  await happen();
  expect(await counted).toBeUndefined();
});
