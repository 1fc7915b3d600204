import { expect, it } from "vitest";
import { openApiDocument } from "./openapi/openapi.ts";
import { routeName } from "./route-name.ts";

it("every route has its own name", () => {
  const routes = Object.keys(openApiDocument("").paths);
  expect(routes.length).toBeGreaterThan(5);
  expect(routes.map((path) => routeName(path.replace("{id}", "a".repeat(64))))).toEqual(routes);
});

it("the pages of events and people have theirs, without whom or what they are about", () => {
  expect(["/e/note1secret", "/p/npub1secret"].map(routeName)).toEqual(["/e/{id}", "/p/{key}"]);
});

it("no other path is told", () => {
  for (const path of [
    "/nsec1secret",
    "/e/",
    "/e/note1secret/more",
    "/p",
    "/api/v1/events/a/b",
    "/api/v1/eventsx",
    "",
  ])
    expect(routeName(path)).toBe("other");
});
