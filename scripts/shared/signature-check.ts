/** The module that checks signatures. `npm ci` builds it (`wasm/build.js`); this is for what comes after. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { runBuildProgram } from "./build-program.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const MODULE = "wasm/verify.wasm";
/** The module and its sources, as paths in the project. */
export const SIGNATURE_CHECK_FILES = [
  MODULE,
  "wasm/verify.c",
  "wasm/compile.js",
  "wasm/package.json",
  "wasm/package-lock.json",
];

let building: Promise<void> | undefined;

/** Builds the module if there is none of the current sources. `--again`: also if the last build failed. */
export function buildSignatureCheck(...args: "--again"[]): Promise<void> {
  return (building ??= runBuildProgram("wasm/build.js", args).finally(() => {
    building = undefined;
  }));
}

/** Returns whether signatures are checked in JavaScript, because the module could not be built. */
export function isSignatureCheckSlow(): boolean {
  const module = new WebAssembly.Module(readFileSync(join(ROOT, MODULE)));
  return WebAssembly.Module.exports(module).length === 0;
}
