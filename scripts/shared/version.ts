/** The version and the home page of this project. */
import packageJson from "../../package.json" with { type: "json" };

export const VERSION = packageJson.version;
/** What a relay document (NIP-11) of this project has as `software`. */
export const HOMEPAGE = packageJson.homepage;
