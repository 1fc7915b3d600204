/** The set that a filter stands for, as times and ids only (NIP-77). */
import { hexToBytes } from "@noble/hashes/utils.js";
import type { Filter } from "../nostr/filter.ts";
import { type Cost, costOf, type Database } from "./database.ts";
import { planRecords } from "./plan.ts";
import type { View } from "./store.ts";

export async function readRecords(
  db: Database,
  filter: Filter,
  view: View,
  most: number,
): Promise<{ records: Uint8Array | undefined; cost: Cost }> {
  const wanted = Math.min(filter.limit ?? Infinity, most + 1);
  // A plan looks for one more than its limit: here that one is the last one wanted.
  const plan = wanted > 0 ? planRecords({ filter, view, limit: wanted - 1 }) : undefined;
  if (!plan) return { records: new Uint8Array(), cost: costOf([]) };
  const statement = db.prepare(plan.sql).bind(...plan.params);
  const result = await statement.all<{ record: string }>();
  const cost = costOf([result]);
  if (result.results.length > most) return { records: undefined, cost };
  const sorted = result.results.map(({ record }) => record).sort();
  return { records: hexToBytes(sorted.join("")), cost };
}
