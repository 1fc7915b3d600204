import { expect, it } from "vitest";
import { HubChoice } from "./hub-choice.ts";

/** Connects as worker/connect.ts does. `full` are the hubs without room. */
function connect(
  choice: HubChoice,
  full: (hub: number) => boolean,
): { hub: number | undefined; tries: number } {
  const candidates = choice.candidates();
  const hub = candidates.find((candidate) => !full(candidate));
  if (hub === undefined) choice.allFull();
  else choice.hadRoom(hub);
  return { hub, tries: hub === undefined ? candidates.length : candidates.indexOf(hub) + 1 };
}

it.each([1, 2, 3, 4, 8, 64])("of %i hubs each is tried once at most, and no more than 8 of them", (hubs) => {
  const candidates = new HubChoice(hubs).candidates();
  expect(new Set(candidates).size).toBe(candidates.length);
  expect(candidates.length).toBeLessThanOrEqual(8);
  expect(Math.max(...candidates)).toBe(hubs - 1);
});

it("the first hub is filled first, and where there was room is asked first", () => {
  const choice = new HubChoice(64);
  expect(connect(choice, () => false)).toEqual({ hub: 0, tries: 1 });
  expect(connect(choice, (hub) => hub < 2)).toEqual({ hub: 2, tries: 3 });
  expect(connect(choice, (hub) => hub < 2)).toEqual({ hub: 2, tries: 1 });
});

it.each(Array.from({ length: 64 }, (_, full) => full))(
  "with the first %i of 64 hubs full there is room within 8 tries, and at once for the next connection",
  (full) => {
    const choice = new HubChoice(64);
    expect(connect(choice, (hub) => hub < full).hub).toBeGreaterThanOrEqual(full);
    expect(connect(choice, (hub) => hub < full).tries).toBe(1);
  },
);

it.each(Array.from({ length: 64 }, (_, room) => room))(
  "if hub %i alone has room, it is found by one of the next 16 connections",
  (room) => {
    const choice = new HubChoice(64);
    const found = Array.from({ length: 16 }, () => connect(choice, (hub) => hub !== room).hub);
    expect(found).toContain(room);
  },
);
