/** Compiles verify.c to verify.wasm. build.js runs it in the folder in which npm has installed the packages. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { commands } from "@yowasp/clang";

const LIBRARY = "node_modules/secp256k1/src/secp256k1";
/** As small as it gets without being slower: nothing exported that is not marked, no start function, memory that never grows. */
const ARGS = [
  "--target=wasm32-wasip1",
  "-O3",
  "-DNDEBUG",
  "-Iinclude",
  "-Isrc",
  "-nostartfiles",
  "-Wl,--no-entry",
  "-Wl,--strip-all",
  "-Wl,--no-growable-memory",
  // The stack is below everything else: if it were too small, the module would trap instead of overwriting its data.
  "-Wl,--stack-first",
  "-Wl,-z,stack-size=32768",
  "verify.c",
  "-o",
  "verify.wasm",
];

const files = {
  "verify.c": readFileSync("verify.c"),
  include: headersIn(`${LIBRARY}/include`),
  src: headersIn(`${LIBRARY}/src`),
};
// V8 would optimise 100 MB of compiler that runs once: this takes half of the time off.
setFlagsFromString("--liftoff-only");
try {
  const { "verify.wasm": built } = await commands.clang(ARGS, files, { fetchProgress: () => undefined });
  if (WebAssembly.Module.imports(new WebAssembly.Module(built)).length > 0)
    throw new Error("the module has imports");
  writeFileSync("verify.wasm", built);
} catch (error) {
  // The compiler has printed its messages. Its error would print all files.
  if (error.files === undefined) throw error;
  process.exitCode = 1;
}

function headersIn(folder) {
  const names = readdirSync(folder).filter((name) => name.endsWith(".h"));
  return Object.fromEntries(names.map((name) => [name, readFileSync(`${folder}/${name}`)]));
}
