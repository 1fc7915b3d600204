import { expect, it } from "vitest";
import { coverageOf } from "./coverage.ts";
import { DAY } from "../database/slices.ts";

const TODAY = 20_000 * DAY;
const NOW = TODAY + 1000;

function aSlice(since: number, held: number, here: number) {
  return { since, until: since + 500, held, here, sum: "" };
}

it("of a compared upstream is counted by day, and in total", () => {
  const slices = [
    aSlice(0, 1000, 900),
    aSlice(TODAY - 29 * DAY, 5, 5),
    aSlice(TODAY - DAY, 0, 0),
    aSlice(TODAY, 10, 10),
    aSlice(TODAY + 500, 10, 7),
  ];
  expect(coverageOf({ pending: [], slices: { floor: 0, slices, at: NOW } }, NOW)).toEqual({
    method: "nip77",
    at: NOW,
    held: 1025,
    here: 922,
    days: [
      { since: TODAY, held: 20, here: 17 },
      { since: TODAY - 29 * DAY, held: 5, here: 5 },
    ],
  });
});

it("is known as far as the first comparison has come", () => {
  const slices = { floor: 0, slices: [aSlice(TODAY, 10, 10)] };
  expect(coverageOf({ pending: [], slices }, NOW)).toMatchObject({ method: "nip77", at: null, held: 10 });
});

it("of another upstream is what the samples of the last days say", () => {
  const samples = [
    { since: TODAY - 40 * DAY, at: NOW - 40 * DAY, held: 50, here: 0 },
    { since: TODAY - DAY, at: NOW - 60, held: 50, here: 49 },
  ];
  expect(coverageOf({ pending: [], samples }, NOW)).toEqual({
    method: "sample",
    at: NOW - 60,
    held: 50,
    here: 49,
    days: [{ since: TODAY - DAY, held: 50, here: 49 }],
  });
  const stale = { floor: 0, slices: [aSlice(TODAY, 9, 9)], refused: { at: NOW, reason: "no" } };
  expect(coverageOf({ pending: [], samples, slices: stale }, NOW)).toMatchObject({ method: "sample" });
  const refused = { floor: 0, slices: [], refused: { at: NOW, reason: "no" } };
  expect(coverageOf({ pending: [], samples, slices: refused }, NOW)).toMatchObject({ method: "sample" });
  expect(coverageOf({ pending: [] }, NOW)).toBeUndefined();
});

it("of an upstream that counts is the share of the samples", () => {
  const sample = { since: TODAY, at: NOW, held: 50, here: 40, counted: 1001 };
  const empty = { since: TODAY - DAY, at: NOW, held: 0, here: 0, counted: 7 };
  expect(coverageOf({ pending: [], samples: [empty, sample] }, NOW)).toEqual({
    method: "count",
    at: NOW,
    held: 1001,
    here: 800,
    days: [{ since: TODAY, held: 1001, here: 800 }],
  });
});
