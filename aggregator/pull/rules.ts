/** Which settings decide what is accepted from upstreams. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Config, SettingName } from "../../relay/config.ts";

const DECIDING = [
  "CREATED_AT_LOWER_LIMIT",
  "CREATED_AT_UPPER_LIMIT",
  "MAX_CONTENT_LENGTH",
  "MAX_EVENT_TAGS",
  "MAX_MESSAGE_LENGTH",
  "MIN_POW_DIFFICULTY",
  "POLICY_DRY_RUN",
  "RELAY_URL",
  "RETENTION",
  "UPSTREAM_RETENTION",
] as const satisfies SettingName[];

/** Returns a short text that is the same as long as these settings are. The memory of refused ids needs it (`store/upstreams/refused-ids.ts`). */
export function fingerprintOf(config: Config): string {
  const values = DECIDING.map((name) => config[name]);
  return bytesToHex(sha256(utf8ToBytes(JSON.stringify(values)))).slice(0, 12);
}
