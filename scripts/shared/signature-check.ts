/** The module that checks signatures. `npm ci` builds it (`wasm/build.js`); this is for what comes after. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError } from "./usage.ts";

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
  return (building ??= build(args).finally(() => {
    building = undefined;
  }));
}

/** Returns whether signatures are checked in JavaScript, because the module could not be built. */
export function isSignatureCheckSlow(): boolean {
  const module = new WebAssembly.Module(readFileSync(join(ROOT, MODULE)));
  return WebAssembly.Module.exports(module).length === 0;
}

function build(args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const program = spawn(process.execPath, [join(ROOT, "wasm/build.js"), ...args], {
      stdio: ["ignore", "inherit", "inherit"],
    });
    program.once("error", reject);
    program.once("close", (code) =>
      code === 0
        ? resolve()
        : reject(new CommandError(`${MODULE} could not be written: see the message above`)),
    );
  });
}
