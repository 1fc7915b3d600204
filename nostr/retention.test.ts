import { expect, it } from "vitest";
import { parseRetention, retentionDocument, secondsKept } from "./retention.ts";

const RULES = "7:86400, 9735:0, 30000-39999:forever,*:2592000";

it("the first rule for a kind counts", () => {
  const rules = parseRetention(RULES) ?? [];
  const kept = [0, 7, 9735, 29_999, 30_000, 39_999, 40_000, 65_535].map((kind) => secondsKept(rules, kind));
  expect(kept).toEqual([2_592_000, 86_400, 0, 2_592_000, Infinity, Infinity, 2_592_000, 2_592_000]);
});

it("a kind without a rule is kept for ever", () => {
  expect(secondsKept(parseRetention("7:1") ?? [], 1)).toBe(Infinity);
  expect(parseRetention(" ")).toEqual([]);
});

it.each([
  "7",
  "7:",
  ":7",
  "7:1d",
  "7:-1",
  "9-7:1",
  "65536:1",
  "1-65536:1",
  "7:4000000001",
  "*:1,",
  "*-7:1",
  "7:1;8:2",
])("%j is not valid", (text) => {
  expect(parseRetention(text)).toBeUndefined();
});

it("is written as NIP-11 has it", () => {
  expect(retentionDocument(parseRetention(RULES) ?? [])).toEqual([
    { kinds: [7], time: 86_400 },
    { kinds: [9735], time: 0 },
    { kinds: [[30_000, 39_999]], time: null },
    { time: 2_592_000 },
  ]);
  expect(retentionDocument(parseRetention("7:1") ?? [])).toEqual([{ kinds: [7], time: 1 }, { time: null }]);
  expect(retentionDocument([])).toEqual([{ time: null }]);
});
