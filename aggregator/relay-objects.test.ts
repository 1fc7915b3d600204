import { expect, it } from "vitest";
import { countersOf, switchboardOf } from "./relay-objects.ts";

/** A namespace that remembers what was asked for. */
function objects() {
  const asked: unknown[][] = [];
  return { asked, getByName: (...args: unknown[]) => void asked.push(args) };
}

it.each([
  ["", {}],
  ["weur", { locationHint: "weur" }],
] as const)("the relay's objects are created at LOCATION %j", (location, options) => {
  const namespace = objects();
  switchboardOf(namespace, location);
  countersOf(namespace, location);
  expect(namespace.asked).toEqual([
    ["switchboard", options],
    ["counters", options],
  ]);
});
