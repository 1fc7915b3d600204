/** Both Workers on Cloudflare, and what they need there. What exists is kept, so it can be run again at any time. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { unstable_readConfig } from "wrangler";
import { CommandError } from "./usage.ts";
import type { Wrangler } from "./wrangler.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const RELAY = join(ROOT, "wrangler.toml");
const AGGREGATOR = join(ROOT, "aggregator", "wrangler.toml");
/** Beside the original, because the paths in it are relative; git ignores it. */
const GENERATED = "wrangler.deploy.toml";

export interface Deployment {
  wrangler: Wrangler;
  /** Set for both Workers; a setting that is not here stays what it is there. */
  settings: Record<string, string>;
  say(line: string): void;
}

export async function deploy(deployment: Deployment): Promise<void> {
  const { wrangler, settings, say } = deployment;
  const database = databaseName();
  const databaseId = await ensureDatabase(database, deployment);
  for (const queue of queueNames()) await ensureQueue(queue, deployment);
  using relay = configFor(RELAY, databaseId);
  using aggregator = configFor(AGGREGATOR, databaseId);
  await wrangler(["d1", "migrations", "apply", database, "--remote", "-c", relay.path]);
  say(`migrated     ${database}`);
  // The aggregator is bound to objects of the relay, which must be there first.
  for (const [name, { path }] of Object.entries({ relay, aggregator })) {
    const output = await wrangler(["deploy", "-c", path, "--keep-vars", ...varOptions(settings)]);
    say(`${name.padEnd(12)} ${addressesIn(output).join(" ") || "deployed"}`);
  }
}

function databaseName(): string {
  const name = unstable_readConfig({ config: RELAY }).d1_databases[0]?.database_name;
  if (name === undefined) throw new CommandError(`${RELAY} names no D1 database`);
  return name;
}

function queueNames(): string[] {
  const { producers = [], consumers = [] } = unstable_readConfig({ config: AGGREGATOR }).queues;
  const names = [...producers, ...consumers].map(({ queue }) => queue);
  return [...new Set(names)].filter((name) => name !== undefined);
}

/** The database's id. */
async function ensureDatabase(name: string, { wrangler, say }: Deployment): Promise<string> {
  const existing = await findDatabase(name, wrangler);
  if (existing !== undefined) {
    say(`database     ${name} (exists)`);
    return existing;
  }
  await wrangler(["d1", "create", name]);
  const created = await findDatabase(name, wrangler);
  if (created === undefined)
    throw new CommandError(`the database ${name} was created, and is not in the list yet: run this again`);
  say(`database     ${name} (created)`);
  return created;
}

async function findDatabase(name: string, wrangler: Wrangler): Promise<string | undefined> {
  const output = await wrangler(["d1", "list", "--json"]);
  let databases: unknown;
  try {
    databases = JSON.parse(output);
  } catch {
    throw new CommandError(`wrangler d1 list answered no JSON, but ${JSON.stringify(output.slice(0, 200))}`);
  }
  if (!Array.isArray(databases)) throw new CommandError("wrangler d1 list answered JSON that is no list");
  const found = databases.find((database: { name?: unknown } | null) => database?.name === name) as
    | { uuid?: unknown }
    | undefined;
  if (!found) return undefined;
  if (typeof found.uuid !== "string" || !/^[0-9a-f-]{36}$/.test(found.uuid))
    throw new CommandError(`wrangler d1 list gives the database ${name} no uuid`);
  return found.uuid;
}

async function ensureQueue(name: string, { wrangler, say }: Deployment): Promise<void> {
  const exists = await queueExists(name, wrangler);
  if (!exists) await wrangler(["queues", "create", name]);
  say(`queue        ${name} (${exists ? "exists" : "created"})`);
}

async function queueExists(name: string, wrangler: Wrangler): Promise<boolean> {
  try {
    await wrangler(["queues", "info", name]);
    return true;
  } catch (error) {
    if (error instanceof CommandError && error.message.includes(`Queue "${name}" does not exist`))
      return false;
    throw error;
  }
}

/** A copy of a configuration that names the account's own database. */
function configFor(original: string, databaseId: string): { path: string } & Disposable {
  const text = readFileSync(original, "utf8");
  const line = /^database_id = ".*"$/m;
  if (!line.test(text)) throw new CommandError(`${original} has no line with a database_id`);
  const path = join(dirname(original), GENERATED);
  writeFileSync(path, text.replace(line, `database_id = "${databaseId}"`));
  return { path, [Symbol.dispose]: () => rmSync(path, { force: true }) };
}

/** On the command line and not in a configuration: there wrangler would print the values. */
function varOptions(settings: Record<string, string>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ["--var", `${name}:${value}`]);
}

function addressesIn(output: string): string[] {
  return output
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line.startsWith("https://"));
}
