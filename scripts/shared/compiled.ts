/** Keeps compiled code, so that a program that starts again does not compile its modules anew. */
import * as module from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder for the compiled code of this project's programs and of wrangler, which is one file of 15 MB. */
export const COMPILED = join(
  fileURLToPath(new URL("../..", import.meta.url)),
  "node_modules/.cache/tributary/compiled",
);

/** Keeps what is imported from now on. Only on Node, the others have no such cache. If the folder cannot be written, nothing is kept. */
export function keepCompiled(): void {
  (module as Partial<Pick<typeof module, "enableCompileCache">>).enableCompileCache?.(COMPILED);
}
