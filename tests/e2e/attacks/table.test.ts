import { expect, test } from "vitest";
import { ATTACKS } from "./table.ts";

test("every attack has a name of its own", () => {
  const names = ATTACKS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
});
