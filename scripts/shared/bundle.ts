/** Builds a Worker as wrangler would deploy it. Builds again only if one of its inputs has changed. */
import { statSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, extname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSignatureCheck, SIGNATURE_CHECK_FILES } from "./signature-check.ts";
import { CommandError, messageOf } from "./usage.ts";
import { runWrangler } from "./wrangler.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const CACHE = join(ROOT, "node_modules", ".cache", "tributary");
/** Inputs of every build that are not modules. */
const BUILD_FILES = [
  "node_modules/wrangler/package.json",
  "package-lock.json",
  "tsconfig.json",
  ...SIGNATURE_CHECK_FILES,
];
/** wrangler's name for the code. */
const MAIN = "main.js";
const TYPES: Record<string, BuiltModule["type"]> = { ".sql": "Text", ".wasm": "CompiledWasm" };

/** A file of a built Worker: its code, or a text or a module of WebAssembly that it imports. */
interface BuiltModule {
  type: "ESModule" | "Text" | "CompiledWasm";
  path: string;
  contents: string | Uint8Array;
}

/** Tells where in the sources a position of a built Worker is. */
export interface BuiltMap {
  version: number;
  /** Paths in the project. */
  sources: string[];
  names: string[];
  mappings: string;
}

/** A file as the cache has it: WebAssembly in base64. */
type KeptModule = BuiltModule & { contents: string };

interface Built {
  /** The code comes first. */
  modules: KeptModule[];
  /** The fingerprint of each input file at the time of the build, by path. */
  inputs: Record<string, string>;
}

/**
 * Returns the modules of a Worker; its code is the first. `config` is the path of its wrangler.toml in the project. Calls `onBuild` if it has to
 * build.
 */
export async function bundle(config: string, onBuild: () => void = () => undefined): Promise<BuiltModule[]> {
  const cached = join(CACHE, `${config.replaceAll("/", "-")}.json`);
  const known = await readBuilt(cached);
  if (known && Object.entries(known.inputs).every(([path, stamp]) => stampOf(path) === stamp))
    return known.modules.map(decoded);
  onBuild();
  await buildSignatureCheck();
  const startedAt = Date.now();
  const built = await build(config);
  // A file that changed during the build may be in it or not.
  const isCurrent = Object.keys(built.inputs).every((path) => modifiedAt(path) < startedAt);
  if (isCurrent) await writeInOneStep(cached, built);
  return built.modules.map(decoded);
}

/** Returns what the code of a Worker and its stack traces are called, without `.js`: `relay` or `aggregator`. */
function nameOf(config: string): string {
  return dirname(config) === "." ? "relay" : basename(dirname(config));
}

/** Returns the file with the map of the last build of a Worker. */
export function mapFileOf(name: string): string {
  return join(CACHE, `${name}.map`);
}

async function build(config: string): Promise<Built> {
  const outdir = await mkdtemp(join(tmpdir(), "tributary-"));
  const metafile = join(outdir, "meta.json");
  try {
    const args = ["deploy", "--dry-run", "-c", config, "--outdir", outdir, "--metafile", metafile];
    await runWrangler(args, { WRANGLER_LOG_PATH: outdir });
    const { inputs } = JSON.parse(await readFile(metafile, "utf8")) as { inputs: Record<string, unknown> };
    const sources = Object.keys(inputs).map((path) => join(dirname(config), path));
    const name = nameOf(config);
    await keepMap(name, outdir);
    const paths = [config, ...BUILD_FILES, ...(await migrations()), ...sources];
    return {
      modules: await readModules(outdir, name),
      inputs: Object.fromEntries(paths.map((path) => [path, stampOf(path)])),
    };
  } catch (error) {
    throw new CommandError(`${config} could not be built: ${messageOf(error)}`);
  } finally {
    await rm(outdir, { recursive: true, force: true });
  }
}

async function keepMap(name: string, outdir: string): Promise<void> {
  const { version, sources, names, mappings } = JSON.parse(
    await readFile(join(outdir, `${MAIN}.map`), "utf8"),
  ) as BuiltMap;
  const ours = sources.map((source) => relative(ROOT, resolve(outdir, source)));
  await writeInOneStep(mapFileOf(name), { version, sources: ours, names, mappings });
}

async function readModules(outdir: string, name: string): Promise<KeptModule[]> {
  const imported = (await readdir(outdir)).filter((path) => /\.(?:sql|wasm)$/.test(path));
  return Promise.all(
    [MAIN, ...imported].map(async (file) => {
      const path = file === MAIN ? `${name}.js` : file;
      const type = TYPES[extname(path)] ?? "ESModule";
      const contents = await readFile(join(outdir, file), type === "CompiledWasm" ? "base64" : "utf8");
      return { type, path, contents };
    }),
  );
}

function decoded({ type, path, contents }: KeptModule): BuiltModule {
  return { type, path, contents: type === "CompiledWasm" ? Buffer.from(contents, "base64") : contents };
}

/** Texts that a Worker imports. wrangler does not list them among its inputs. */
async function migrations(): Promise<string[]> {
  const files = await readdir(join(ROOT, "migrations"));
  return files.filter((file) => file.endsWith(".sql")).map((file) => join("migrations", file));
}

/** Returns the cached build; undefined if there is none or it cannot be read. */
async function readBuilt(file: string): Promise<Built | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Built;
  } catch {
    return undefined;
  }
}

/** In one step, because another process may start at the same time. */
async function writeInOneStep(file: string, value: Built | BuiltMap): Promise<void> {
  const draft = `${file}.${process.pid}`;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(draft, JSON.stringify(value));
  await rename(draft, file);
}

function stampOf(path: string): string {
  return `${modifiedAt(path)} ${statSync(join(ROOT, path), { throwIfNoEntry: false })?.size}`;
}

/** Returns the modification time in milliseconds; 0 if there is no such file. */
function modifiedAt(path: string): number {
  return statSync(join(ROOT, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
