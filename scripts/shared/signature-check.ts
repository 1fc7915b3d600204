/** The module that checks signatures. `npm ci` builds it (`wasm/build.js`); this is for what comes after. */
import { readVerifyModule } from "./verify-module.ts";
import { runBuildProgram } from "./build-program.ts";

/** The module and its sources, as paths in the project. */
export const SIGNATURE_CHECK_FILES = [
  "wasm/verify.wasm",
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
  return WebAssembly.Module.exports(readVerifyModule()).length === 0;
}
