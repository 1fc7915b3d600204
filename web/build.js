/**
 * Builds the pages' scripts and styles into the folder `dist`, which the Worker serves as static assets.
 *
 *     node web/build.js
 *
 * Files that have not changed are not written again, so it may run while a relay serves them. Plain JavaScript, because on a
 * fresh clone the oldest supported Node runs it.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const DIST = join(FOLDER, "../dist");
/**
 * Each view has a script of its own, and the pages that the server renders share `page`. What several of them use is in common
 * files.
 */
const VIEWS = ["page", "watch", "explore", "dashboard", "admin"];

/** Vitest calls this before the tests that need the files. */
export async function setup() {
  const files = { ...(await bundles()), ...statics() };
  for (const [path, contents] of Object.entries(files)) keep(path, contents);
  removeOthers(files);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await setup();

/** Returns the contents of the built files, by their path in `dist`. */
async function bundles() {
  const views = VIEWS.filter((view) => existsSync(join(FOLDER, view, "main.tsx")));
  const { outputFiles } = await build({
    entryPoints: {
      ...Object.fromEntries(views.map((view) => [view, join(FOLDER, view, "main.tsx")])),
      style: join(FOLDER, "style/style.css"),
    },
    outdir: join(DIST, "assets"),
    chunkNames: "[name]-[hash]",
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    minify: true,
    sourcemap: "linked",
    jsx: "automatic",
    jsxImportSource: "preact",
    write: false,
    logLevel: "warning",
  });
  return Object.fromEntries(outputFiles.map(({ path, contents }) => [relativeTo(DIST, path), contents]));
}

/** Returns the contents of the files that are served as they are, by their path in `dist`. */
function statics() {
  const folder = join(FOLDER, "static");
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const paths = files.map(({ parentPath, name }) => join(parentPath, name));
  return Object.fromEntries(paths.map((path) => [relativeTo(folder, path), readFileSync(path)]));
}

/** Returns a path with slashes on every system. */
function relativeTo(folder, path) {
  return path.slice(folder.length + 1).replaceAll("\\", "/");
}

/** Writes a file in one step, because a relay may read it at the same time. */
function keep(path, contents) {
  const file = join(DIST, path);
  if (existsSync(file) && readFileSync(file).equals(contents)) return;
  mkdirSync(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, contents);
  renameSync(draft, file);
}

/** Removes what an earlier build has left. */
function removeOthers(files) {
  for (const entry of readdirSync(DIST, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const isDraft = /\.\d+$/.test(entry.name);
    if (entry.isFile() && !isDraft && !Object.hasOwn(files, relativeTo(DIST, path)))
      rmSync(path, { force: true });
  }
}
