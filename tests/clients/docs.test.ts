/** Compares docs/clients.md with the tests: the libraries, their versions, and what works with each. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../fixtures/program.ts";
import type { Library, Part } from "./library.ts";
import { LIBRARIES } from "./libraries.ts";

const PARTS: Part[] = ["publish", "live", "auth", "refusal", "count"];

test("docs/clients.md has a row for each library, with its version, what works and what it needs", () => {
  const { dependencies } = JSON.parse(read("tests/clients/package.json")) as {
    dependencies: Record<string, string>;
  };
  const rows = LIBRARIES.map((library) => rowOf(library, dependencies[library.name]));
  expect(cellsIn(read("docs/clients.md"))).toEqual(rows);
});

function rowOf({ name, lacks, needs }: Library, version: string | undefined): string[] {
  return [`${name} ${version}`, "yes", ...PARTS.map((part) => lacks[part] ?? "yes"), needs];
}

/** Returns the rows of the only table, without its head. */
function cellsIn(text: string): string[][] {
  const rows = text.split("\n").filter((line) => line.startsWith("|"));
  return rows.slice(2).map((row) =>
    row
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}
