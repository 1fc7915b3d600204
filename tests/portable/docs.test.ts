/** What the guides say must be so. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { configurationDoc } from "../../scripts/configuration-doc.ts";

const ROOT = new URL("../../", import.meta.url);

function read(path: string): string {
  return readFileSync(new URL(path, ROOT), "utf8");
}

it("docs/configuration.md is what npm run docs writes", () => {
  expect(read("docs/configuration.md")).toBe(configurationDoc());
});
