/** The files of the pages, which `web/build.js` builds. */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { PageFiles } from "../../server/start-server.ts";

const DIST = fileURLToPath(new URL("../../dist", import.meta.url));

export function readPageFiles(): PageFiles {
  const entries = readdirSync(DIST, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
  return new Map(
    files.map((file) => [
      `/${relative(DIST, file).replaceAll("\\", "/")}`,
      new Uint8Array(readFileSync(file)),
    ]),
  );
}
