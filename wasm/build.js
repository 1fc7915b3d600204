/**
 * Builds verify.wasm, which checks signatures, from verify.c and the packages of package.json: libsecp256k1's C source,
 * and a compiler that runs in Node. npm installs them in a temporary folder, which is removed again.
 *
 *     node wasm/build.js          does nothing if there is a verify.wasm of these sources
 *     node wasm/build.js --again  the same, but tries again if the last build failed
 *
 * A build that fails is not an error: it leaves a module without exports, and the relay checks signatures in JavaScript.
 * Plain JavaScript, because on a fresh clone the oldest supported Node runs it.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL(".", import.meta.url));
const MODULE = join(FOLDER, "verify.wasm");
/** Everything that decides what the module contains. */
const SOURCES = ["verify.c", "compile.js", "package.json", "package-lock.json"];
/** The custom section of the module that names its sources. */
const SECTION = "sources";
/** In milliseconds. The packages are 30 MB to download, and compiling takes 10 s on a slow machine. */
const LONGEST = { install: 300_000, compile: 120_000 };
/** Magic number and version. */
const WITHOUT_EXPORTS = Buffer.from([0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00]);
const NPM_CI = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
/** Without a network, npm should say so soon. */
const FEW_RETRIES = ["--fetch-retries=2", "--fetch-retry-mintimeout=1000", "--fetch-retry-maxtimeout=5000"];

/** Vitest calls this before the tests that need the module. */
export async function setup() {
  await build({ isAgain: false });
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  await build({ isAgain: process.argv.includes("--again") });

async function build({ isAgain }) {
  const sources = hashOfSources();
  const kept = readModule();
  if (kept?.sources === sources && (kept.canVerify || !isAgain)) return;
  process.stderr.write(
    "building the signature check: npm downloads 30 MB, once, and compiling takes a few seconds\n",
  );
  try {
    keep(await compiled(), sources);
  } catch (error) {
    keep(WITHOUT_EXPORTS, sources);
    process.stderr.write(
      `the signature check could not be built (${error.message}): the relay works, but checks signatures in JavaScript, which takes four times as long. Try again with npm run build:wasm\n`,
    );
  }
}

/** Returns the module that is there. Undefined: none, or a broken one. */
function readModule() {
  try {
    const module = new WebAssembly.Module(readFileSync(MODULE));
    const [section] = WebAssembly.Module.customSections(module, SECTION);
    return {
      sources: Buffer.from(section ?? []).toString(),
      canVerify: WebAssembly.Module.exports(module).length > 0,
    };
  } catch (error) {
    if (error.code === "ENOENT" || error instanceof WebAssembly.CompileError) return undefined;
    throw error;
  }
}

async function compiled() {
  const folder = mkdtempSync(join(tmpdir(), "tributary-wasm-"));
  const remove = () => rmSync(folder, { recursive: true, force: true });
  const end = (signal) => {
    remove();
    process.exit(signal === "SIGINT" ? 130 : 143);
  };
  process.once("SIGINT", end).once("SIGTERM", end);
  try {
    for (const file of SOURCES) copyFileSync(join(FOLDER, file), join(folder, file));
    await run("npm", [...NPM_CI, ...FEW_RETRIES], { cwd: folder, timeout: LONGEST.install });
    // In a process of its own: the compiler takes 500 MB of memory.
    await run(process.execPath, ["compile.js"], { cwd: folder, timeout: LONGEST.compile });
    return readFileSync(join(folder, "verify.wasm"));
  } finally {
    process.off("SIGINT", end).off("SIGTERM", end);
    remove();
  }
}

function run(program, args, { cwd, timeout }) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      timeout,
      killSignal: "SIGKILL",
      stdio: ["ignore", "pipe", "pipe"],
      shell: process.platform === "win32",
    });
    let said = "";
    for (const output of [child.stdout, child.stderr])
      output.setEncoding("utf8").on("data", (text) => (said += text));
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (code === 0) return resolve();
      const reason =
        signal === null ? inOneLine(said) || `it ended with ${code}` : `${signal} after ${timeout} ms`;
      reject(new Error(`${program} ${args[0]}: ${reason}`));
    });
  });
}

/** Shortens what a program said: npm's and the compiler's first lines name the cause. */
function inOneLine(text) {
  const line = text
    .replaceAll(/npm error|\s+/g, " ")
    .replaceAll(/ +/g, " ")
    .trim();
  return line.length > 300 ? `${line.slice(0, 300)}…` : line;
}

function hashOfSources() {
  const hash = createHash("sha256");
  for (const file of SOURCES) {
    const text = readFileSync(join(FOLDER, file));
    hash.update(`${file} ${text.length}\n`).update(text);
  }
  return hash.digest("hex");
}

/** Writes the module in one step, because another process may read it. */
function keep(module, sources) {
  const draft = `${MODULE}.${process.pid}`;
  writeFileSync(draft, Buffer.concat([module, section(SECTION, sources)]));
  renameSync(draft, MODULE);
}

/** Returns a custom section: https://webassembly.github.io/spec/core/binary/modules.html#custom-section. Name and text together have less than 127 bytes. */
function section(name, text) {
  const content = Buffer.from(String.fromCharCode(name.length) + name + text);
  return Buffer.from([0, content.length, ...content]);
}
