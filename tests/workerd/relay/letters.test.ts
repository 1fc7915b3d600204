/** Runs the contract of the dead letters on D1. */
import { env } from "cloudflare:workers";
import { lettersContract } from "../../contract/letters.ts";

const TABLES = ["event", "tombstone", "vanishing", "emptying", "moderation", "audit", "dead_letter"];

lettersContract(async () => {
  await env.DB.batch([
    ...TABLES.map((table) => env.DB.prepare(`DELETE FROM ${table}`)),
    env.DB.prepare("UPDATE dead_letter_total SET dropped = 0"),
  ]);
  return env.DB;
});
