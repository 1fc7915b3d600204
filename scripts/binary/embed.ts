/** The files of the project that programs read. The executable file has none, so it contains other modules that have their contents. */
import { dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Plugin } from "esbuild";
import { readPageFiles } from "../serve/page-files.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The modules that read files, and the code that is in their place. */
const REPLACEMENTS: Record<string, () => string> = {
  "scripts/serve/page-files.ts"() {
    const files = [...readPageFiles()].map(([path, bytes]) => [path, Buffer.from(bytes).toString("base64")]);
    return `const files = ${JSON.stringify(files)};
      export const readPageFiles = () => new Map(
        files.map(([path, text]) => [path, new Uint8Array(Buffer.from(text, "base64"))])
      );`;
  },
  "scripts/shared/verify-module.ts": () => `import module from "../../wasm/verify.wasm";
    export const readVerifyModule = () => module;`,
  "platforms/migration-files.ts": () => `import { MIGRATIONS } from "./migrations.ts";
    export const readMigrations = () => [...MIGRATIONS];`,
};

export const embedFiles: Plugin = {
  name: "embed-files",
  setup({ onLoad }) {
    const names = Object.keys(REPLACEMENTS).map((path) => path.split("/").at(-1)?.replace(".ts", ""));
    onLoad({ filter: new RegExp(`[\\\\/](?:${names.join("|")})\\.ts$`) }, ({ path }) => {
      const replacement = REPLACEMENTS[relative(ROOT, path).replaceAll("\\", "/")];
      return replacement && { contents: replacement(), resolveDir: dirname(path) };
    });
  },
};
