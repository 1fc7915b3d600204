/** `npm run nostr`. Plain JavaScript, so that Node keeps what it has compiled: removing the types takes 25 MB of memory and 0.3 s. */
import module from "node:module";
import { fileURLToPath } from "node:url";

// Bun has none.
module.enableCompileCache?.(fileURLToPath(new URL("../node_modules/.cache/node", import.meta.url)));
await import("./nostr.ts");
