/** A Worker as wrangler would deploy it. It is built again when something that went into it has changed. */
import { statSync } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError, messageOf } from "./usage.ts";
import { runWrangler } from "./wrangler.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const CACHE = join(ROOT, "node_modules", ".cache", "tributary");
/** What goes into every build and is none of its modules. */
const BUILD_FILES = ["node_modules/wrangler/package.json", "package-lock.json", "tsconfig.json"];

interface Built {
  code: string;
  /** By path; what each file was when it was built. */
  inputs: Record<string, string>;
}

/** `config`: the path of its wrangler.toml, seen from the project's folder. */
export async function bundle(config: string): Promise<string> {
  const cached = join(CACHE, `${config.replaceAll("/", "-")}.json`);
  const known = await readBuilt(cached);
  if (known && Object.entries(known.inputs).every(([path, stamp]) => stampOf(path) === stamp))
    return known.code;
  const startedAt = Date.now();
  const built = await build(config);
  // What changed meanwhile may be in it or not.
  const isCurrent = Object.keys(built.inputs).every((path) => modifiedAt(path) < startedAt);
  if (isCurrent) await keep(cached, built);
  return built.code;
}

async function build(config: string): Promise<Built> {
  const outdir = await mkdtemp(join(tmpdir(), "tributary-"));
  const metafile = join(outdir, "meta.json");
  try {
    const args = ["deploy", "--dry-run", "-c", config, "--outdir", outdir, "--metafile", metafile];
    await runWrangler(args, { WRANGLER_LOG_PATH: outdir });
    const { inputs } = JSON.parse(await readFile(metafile, "utf8")) as { inputs: Record<string, unknown> };
    const modules = Object.keys(inputs).map((path) => join(dirname(config), path));
    const paths = [config, ...BUILD_FILES, ...modules];
    return {
      code: await readFile(join(outdir, "main.js"), "utf8"),
      inputs: Object.fromEntries(paths.map((path) => [path, stampOf(path)])),
    };
  } catch (error) {
    throw new CommandError(`${config} could not be built: ${messageOf(error)}`);
  } finally {
    await rm(outdir, { recursive: true, force: true });
  }
}

/** Undefined when there is none, or none that could be read: then it is made anew. */
async function readBuilt(file: string): Promise<Built | undefined> {
  try {
    return JSON.parse(await readFile(file, "utf8")) as Built;
  } catch {
    return undefined;
  }
}

/** In one step: others may be starting too. */
async function keep(file: string, built: Built): Promise<void> {
  const draft = `${file}.${process.pid}`;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(draft, JSON.stringify(built));
  await rename(draft, file);
}

function stampOf(path: string): string {
  return `${modifiedAt(path)} ${statSync(join(ROOT, path), { throwIfNoEntry: false })?.size}`;
}

/** Milliseconds; 0 when there is no such file. */
function modifiedAt(path: string): number {
  return statSync(join(ROOT, path), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}
