/**
 * State directories with the stored events, kept for the runs of the same day. A run gets a copy, so that what it publishes is
 * gone with it.
 */
import { createHash } from "node:crypto";
import {
  constants,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { CorpusOptions } from "../corpus/corpus.ts";

/** Git ignores it, and `npm ci` empties it. */
const CACHE = fileURLToPath(new URL("../../../node_modules/.cache/bench/", import.meta.url));

const BENCH = fileURLToPath(new URL("../", import.meta.url));

/** `parts` says what the state depends on, besides the events. */
interface Wanted {
  name: string;
  parts: string[];
  corpus: CorpusOptions;
}

/** Returns a copy of the filled directory. `fill` fills an empty one if there is none yet. */
export async function filledCopy(
  { name, parts, corpus }: Wanted,
  fill: (directory: string) => Promise<void>,
): Promise<{ directory: string; remove(): void }> {
  const hash = createHash("sha256")
    .update(JSON.stringify([parts, corpus, sourcesIn(BENCH, ["corpus"])]))
    .digest("hex")
    .slice(0, 16);
  mkdirSync(CACHE, { recursive: true });
  removeOthers(corpus.end);
  const kept = join(CACHE, `${corpus.end}-${name}-${hash}`);
  if (!existsSync(kept)) {
    const filling = mkdtempSync(join(CACHE, "filling-"));
    process.once("exit", () => rmSync(filling, { recursive: true, force: true, maxRetries: 10 }));
    await fill(filling);
    renameSync(filling, kept);
  }
  const directory = mkdtempSync(join(CACHE, "run-"));
  const remove = () => rmSync(directory, { recursive: true, force: true, maxRetries: 10 });
  process.once("exit", remove);
  cpSync(kept, directory, { recursive: true, mode: constants.COPYFILE_FICLONE });
  return { directory, remove };
}

/** Removes what other days have left: events that cover the 90 days before another one. */
function removeOthers(end: number): void {
  for (const name of readdirSync(CACHE)) {
    if (/^\d+-/.test(name) && !name.startsWith(`${end}-`))
      rmSync(join(CACHE, name), { recursive: true, force: true });
  }
}

/** Returns the text of all files of these folders, and of the folders in them. */
export function sourcesIn(directory: string, folders: string[]): string[] {
  return folders.flatMap((folder) =>
    readdirSync(join(directory, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8")),
  );
}

/** Returns the bytes of all files of these names. */
export function bytesOf(directory: string, isCounted: (file: string) => boolean): number {
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter(isCounted)
    .reduce((sum, file) => sum + statSync(join(directory, file)).size, 0);
}
