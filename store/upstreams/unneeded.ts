/** Which events an upstream need not send. */
import type { Database } from "../database/database.ts";
import { createRefusedIds } from "./refused-ids.ts";
import { shareBatches } from "../database/shared-batches.ts";
import { knownIds } from "../sql/write.ts";

export interface Unneeded {
  stored: Set<string>;
  refused: Set<string>;
  /** The rules under which they were refused, for `RefusedIds.remember`. */
  rules: string;
}

/** Returns which of these ids are stored, and which were refused from this upstream. One round trip. */
export async function unneeded(
  db: Database,
  fingerprint: string,
  { upstream, ids }: { upstream: string; ids: string[] },
): Promise<Unneeded> {
  const shared = shareBatches(db);
  const [stored, { refused, rules }] = await Promise.all([
    knownIds(shared, ids),
    createRefusedIds(shared, fingerprint).look(upstream, ids),
  ]);
  return { stored, refused, rules };
}
