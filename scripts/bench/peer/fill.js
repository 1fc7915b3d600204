/**
 * Stores events in the database of @nostr-relay, through its own repository, and without waiting for the disk. Argument: the
 * database file. Standard input: one event on each line.
 */
import { createInterface } from "node:readline";
import { EventRepositorySqlite } from "@nostr-relay/event-repository-sqlite";

const PER_LINE = 10_000;
const repository = new EventRepositorySqlite(process.argv[2], { defaultLimit: 500 });
await repository.init();
repository.getDatabase().pragma("synchronous = OFF");
let count = 0;
for await (const line of createInterface({ input: process.stdin })) {
  await repository.upsert(JSON.parse(line));
  count += 1;
  if (count % PER_LINE === 0) process.stderr.write(`stored ${count}\n`);
}
repository.getDatabase().pragma("wal_checkpoint(TRUNCATE)");
await repository.destroy();
