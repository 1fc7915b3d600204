import { expect, it } from "vitest";
import { parsePlace, placeHref } from "./place.ts";

it.each([
  [["reports"], "#reports"],
  [["upstreams", "wss://relay.example/a?b"], "#upstreams/wss%3A%2F%2Frelay.example%2Fa%3Fb"],
  [["lists", "kinds", "50%"], "#lists/kinds/50%25"],
])("%j is at %s, and is found there again", ([section = "", ...rest], hash) => {
  expect(placeHref(section, ...rest)).toBe(hash);
  expect(parsePlace(hash)).toEqual({ section, rest });
});

it("an address that nothing has written is read as it stands", () => {
  expect(parsePlace("#lists/50%")).toEqual({ section: "lists", rest: ["50%"] });
  expect(parsePlace("")).toEqual({ section: "", rest: [] });
});
