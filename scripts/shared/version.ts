/** The version and the home page of this project. */
import { readFileSync } from "node:fs";

const { version, homepage } = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
) as { version: string; homepage: string };

export const VERSION = version;
/** What a relay document (NIP-11) of this project has as `software`. */
export const HOMEPAGE = homepage;
