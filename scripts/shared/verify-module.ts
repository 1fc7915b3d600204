/** The module that checks signatures, which `wasm/build.js` builds. */
import { readFileSync } from "node:fs";

const FILE = new URL("../../wasm/verify.wasm", import.meta.url);

/** Returns the module. It has no exports if it could not be built. */
export function readVerifyModule(): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(FILE));
}
