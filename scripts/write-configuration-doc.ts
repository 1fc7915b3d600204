/** `npm run docs`: writes docs/configuration.md. */
import { writeFileSync } from "node:fs";
import { configurationDoc } from "./shared/configuration-doc.ts";

writeFileSync(new URL("../docs/configuration.md", import.meta.url), configurationDoc());
