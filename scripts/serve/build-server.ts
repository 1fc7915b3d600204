/** Builds the server into one file, because Node reads neither JSX nor the texts and the WebAssembly that its code imports. */
import { mkdirSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build, type Plugin } from "esbuild";
import { runBuildProgram } from "../shared/build-program.ts";
import { buildSignatureCheck } from "../shared/signature-check.ts";

export type Runtime = "node" | "bun" | "deno";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export function thisRuntime(): Runtime {
  if ("Bun" in globalThis) return "bun";
  return "Deno" in globalThis ? "deno" : "node";
}

/** A module of WebAssembly as Workers import it: compiled. */
const compiledWasm: Plugin = {
  name: "compiled-wasm",
  setup({ onLoad }) {
    onLoad({ filter: /\.wasm$/ }, async ({ path }) => ({
      contents: `export default new WebAssembly.Module(Uint8Array.from(atob(${JSON.stringify(
        (await readFile(path)).toString("base64"),
      )}), (c) => c.charCodeAt(0)))`,
    }));
  },
};

/**
 * Builds a file of the project for a runtime, with everything that it imports, and returns the path of the built file. Before that it
 * builds the pages and the check of signatures, if their sources have changed. `plugins` come first.
 */
export async function buildServer(
  entry: string,
  runtime: Runtime,
  { plugins = [], sourcemap = false }: { plugins?: Plugin[]; sourcemap?: "inline" | false } = {},
): Promise<string> {
  await runBuildProgram("web/build.js");
  await buildSignatureCheck();
  const folder = join(ROOT, "node_modules", ".cache", "tributary");
  mkdirSync(folder, { recursive: true });
  // Several may build at the same time.
  const outfile = join(folder, `server-${runtime}-${process.pid}.mjs`);
  await build({
    entryPoints: [join(ROOT, entry)],
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "es2024",
    conditions: [runtime, "module", "import"],
    loader: { ".sql": "text" },
    plugins: [...plugins, compiledWasm],
    sourcemap,
    jsx: "automatic",
    jsxImportSource: "preact",
    // Packages in CommonJS, such as ws, require what Node has.
    banner: {
      js: 'import { createRequire as __cr } from "node:module"; const require = __cr(import.meta.url);',
    },
    logLevel: "warning",
  });
  return outfile;
}
