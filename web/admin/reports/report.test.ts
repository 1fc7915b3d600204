import { expect, it } from "vitest";
import type { Event } from "../../../nostr/event.ts";
import { countedTypes, reportsOf } from "./report.ts";

const [ID, OTHER, ANN, BOB] = ["1", "2", "a", "b"].map((digit) => digit.repeat(64)) as [
  string,
  string,
  string,
  string,
];

function report(pubkey: string, created_at: number, tag: string[], content = ""): Event {
  return { id: "", sig: "", kind: 1984, pubkey, created_at, tags: [["p", ANN], tag], content };
}

it("the newest report of each reporter counts, and only those of this event", () => {
  const reports = reportsOf(ID, [
    report(ANN, 1, ["e", ID, "spam"], "earlier"),
    report(ANN, 3, ["e", ID, "illegal"], "later"),
    report(BOB, 2, ["e", ID]),
    report(BOB, 9, ["e", OTHER, "spam"]),
  ]);
  expect(reports).toEqual([
    { reporter: ANN, type: "illegal", text: "later", at: 3 },
    { reporter: BOB, type: "", text: "", at: 2 },
  ]);
});

it("types are counted, the most frequent first", () => {
  const events = ["x", "spam", "spam"].map((type, at) => report(String(at), at, ["e", ID, type]));
  expect(countedTypes(reportsOf(ID, events))).toEqual([
    ["spam", 2],
    ["x", 1],
  ]);
});
