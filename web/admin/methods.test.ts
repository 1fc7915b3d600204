/** Nothing that a terminal can do is missing on the admin page. */
import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { METHODS } from "../../nostr/management.ts";

const FOLDER = new URL("./", import.meta.url);

it("the page uses every method of the management API", () => {
  const source = readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/.test(file) && !file.endsWith(".test.ts"))
    .map((file) => readFileSync(new URL(file, FOLDER), "utf8"))
    .join("\n");
  expect(Object.keys(METHODS).filter((method) => !source.includes(`"${method}"`))).toEqual([]);
});
