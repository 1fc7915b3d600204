/** The migrations, for code that runs on Node, Bun or Deno: they are read from the files. */
import { readdirSync, readFileSync } from "node:fs";
import type { Migration } from "../store/database/schema.ts";

const FOLDER = new URL("../migrations/", import.meta.url);

/** Returns every file of migrations/, in their order. */
export function readMigrations(): Migration[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(".sql"));
  return names.toSorted().map((name) => ({ name, sql: readFileSync(new URL(name, FOLDER), "utf8") }));
}
