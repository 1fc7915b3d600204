import { expect, it } from "vitest";
import { sizeOf } from "./size.ts";

it("sizes have their unit", () => {
  expect([0, 999, 1500, 2_000_000].map(sizeOf)).toEqual(["0 bytes", "999 bytes", "1.5 kB", "2.0 MB"]);
});
