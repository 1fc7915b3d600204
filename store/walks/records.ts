/** The events that match a filter, as times and ids only (NIP-77). */
import { hexToBytes } from "@noble/hashes/utils.js";
import type { Filter } from "../../nostr/filter.ts";
import type { Database } from "../database/database.ts";
import type { Dense } from "./dense.ts";
import { findMatches } from "./read.ts";
import type { View } from "../store.ts";
import type { Work } from "../work.ts";

export async function* readRecords(
  db: Database,
  { filter, view, most }: { filter: Filter; view: View; most: number },
  dense: Dense,
): Work<Uint8Array | undefined> {
  const limit = filter.limit === undefined ? Infinity : Math.min(filter.limit, most + 1);
  if (limit <= 0) return new Uint8Array();
  const found = yield* findMatches(db, { filter, view, limit }, most, dense);
  if (!found) return undefined;
  const records = found.map(({ created_at, id }) => created_at.toString(16).padStart(16, "0") + id);
  return hexToBytes(records.sort().join(""));
}
