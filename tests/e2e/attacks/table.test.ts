import { expect, test } from "vitest";
import { OPEN } from "./open.ts";
import { ATTACKS } from "./table.ts";

test("every attack has a name of its own, and every open one is in the table", () => {
  const names = ATTACKS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names).toEqual(expect.arrayContaining(Object.keys(OPEN)));
});
