/**
 * Deploys both Workers to Cloudflare. wrangler creates the database and the queues that are missing. It keeps what exists,
 * so it can run again at any time, also after a run that ended half way.
 */
import { isSetting } from "../../relay/config.ts";
import { CommandError } from "../shared/usage.ts";
import type { Wrangler } from "../shared/wrangler.ts";
import { withConfigFile } from "./config-file.ts";
import { currentVersion, type Version } from "./deployed.ts";
import { remember, remembered, type Remembered } from "./remembered.ts";
import type { SetReplication } from "./replication.ts";
import { type WorkerConfig, type WorkerConfigs, workerConfigs } from "./worker-configs.ts";

export interface Deployment {
  wrangler: Wrangler;
  setReplication: SetReplication;
  options: DeployOptions;
  /** Settings for both Workers. A setting that is not here keeps its deployed value. */
  settings: Record<string, string>;
  /** Marks what is deployed, so that a rollback finds it. */
  release: { tag: string; message: string };
  say(line: string): void;
}

/** What is undefined stays as it was deployed. */
export interface DeployOptions {
  name?: string | undefined;
  /** Empty: none. */
  domain?: string | undefined;
  isFree?: boolean | undefined;
  hasAggregator?: boolean | undefined;
}

type DryRun = Pick<Deployment, "options" | "settings" | "wrangler" | "say">;

/** One run: what is known so far. */
interface Run extends Deployment {
  earlier: Version | undefined;
  /** May change when Cloudflare refuses something. */
  chosen: Remembered & { hasAnalytics: boolean };
}

/** Settings that the Workers Free plan needs. It has 500 MB of D1, and 100,000 requests and rows of objects a day. */
const FREE_SETTINGS = { COUNTS_INTERVAL: "60", MAX_STORE_BYTES: "500000000", HUB_REGIONS: "one" };
/** Cloudflare's codes. */
const NO_ANALYTICS = "[code: 10089]";
const NO_LIMITS_ON_FREE = "[code: 100328]";

export async function deploy(deployment: Deployment): Promise<void> {
  const { options, wrangler, say } = deployment;
  const { relay } = workerConfigs({ name: options.name, isFree: false, hasAnalytics: true });
  const earlier = await currentVersion(relay.name, wrangler);
  const before = remembered(earlier?.variables);
  const run: Run = {
    ...deployment,
    earlier,
    chosen: {
      isFree: options.isFree ?? before.isFree,
      hasAggregator: options.hasAggregator ?? before.hasAggregator,
      domain: (options.domain ?? before.domain) || undefined,
      hasAnalytics: true,
    },
  };
  await ensureDatabase(run);
  const relayUrl = await deployRelay(run);
  await deployAggregator(run, relayUrl);
  say(`ready        ${relayUrl}`);
  await followReadReplicas(run);
}

/** Turns read replication on and off, as READ_REPLICAS says. It comes last: if it fails, all that is deployed works. */
async function followReadReplicas(run: Run): Promise<void> {
  const { earlier, settings, setReplication, say } = run;
  const deployed = earlier?.variables["READ_REPLICAS"];
  const isOn = (settings["READ_REPLICAS"] ?? deployed) === "on";
  if (!isOn && deployed !== "on") return;
  await setReplication(configsOf(run).database, isOn ? "auto" : "disabled");
  say(`replicas     read replication is ${isOn ? "on" : "off"}`);
}

/** Builds both Workers as they would be deployed, without an account. */
export async function dryRun({ options, settings, wrangler, say }: DryRun): Promise<void> {
  const { isFree = false, hasAggregator = !isFree, name, domain } = options;
  const configs = workerConfigs({ name, domain: domain || undefined, isFree, hasAnalytics: true });
  say("dry run      nothing is sent to Cloudflare");
  say(`database     ${configs.database}`);
  if (hasAggregator) for (const queue of configs.queues) say(`queue        ${queue}`);
  const workers = hasAggregator ? [configs.relay, configs.aggregator] : [configs.relay];
  for (const worker of workers) {
    const output = await withConfigFile(worker, (path) =>
      wrangler(["deploy", "-c", path, "--dry-run", ...varOptions(settings)]),
    );
    say(`${label(worker, configs)}${worker.name}, ${/Total Upload: (.*)/.exec(output)?.[1] ?? "built"}`);
  }
}

/** A database is created where `wrangler d1 create` says. Without a location, `wrangler deploy` creates it nearby. */
async function ensureDatabase(run: Run): Promise<void> {
  const location = run.settings["LOCATION"] ?? "";
  if (location === "") return;
  const { database } = configsOf(run);
  const exists = run.earlier !== undefined || !(await createDatabase(database, location, run));
  run.say(
    `database     ${database} (${exists ? "exists, and stays where it is" : `created, location ${location}`})`,
  );
}

async function createDatabase(name: string, location: string, { wrangler }: Run): Promise<boolean> {
  try {
    await wrangler(["d1", "create", name, "--location", location]);
    return true;
  } catch (error) {
    if (error instanceof CommandError && error.message.includes("already exists")) return false;
    throw error;
  }
}

/** Returns the address that clients use. */
async function deployRelay(run: Run): Promise<string> {
  const known = knownRelayUrl(run);
  const output = await deployWorker(run, "relay", relaySettings(run, known));
  const { domain } = run.chosen;
  const address = domain === undefined ? addressIn(output) : `https://${domain}`;
  run.say(`relay        ${address ?? "deployed"}`);
  if (known !== undefined) return known;
  if (address === undefined)
    throw new CommandError(
      "wrangler printed no address of the relay: run again with --var RELAY_URL=wss://your.address",
    );
  const found = address.replace(/^http/, "ws");
  await deployWorker(run, "relay", { RELAY_URL: found });
  run.say(`RELAY_URL    ${found}`);
  return found;
}

/** Returns RELAY_URL as it was given or deployed. Undefined: it has to be the address that wrangler will print. */
function knownRelayUrl({ settings, options, earlier, chosen }: Run): string | undefined {
  const given = settings["RELAY_URL"];
  if (given) return given;
  if (options.domain) return `wss://${options.domain}`;
  const isReset = given === "" || options.domain === "";
  const kept = isReset ? "" : earlier?.variables["RELAY_URL"];
  return kept || (chosen.domain && `wss://${chosen.domain}`) || undefined;
}

function relaySettings({ settings }: Run, relayUrl: string | undefined): Record<string, string> {
  return { ...settings, ...(relayUrl === undefined ? {} : { RELAY_URL: relayUrl }) };
}

/** The aggregator gets all settings of the relay, so that both agree, even if an earlier run ended between them. */
async function deployAggregator(run: Run, relayUrl: string): Promise<void> {
  const { chosen, earlier, settings, say } = run;
  const { aggregator } = configsOf(run);
  const deployed = Object.entries(earlier?.variables ?? {}).filter(([name]) => isSetting(name));
  const all: Record<string, string> = { ...Object.fromEntries(deployed), ...settings, RELAY_URL: relayUrl };
  if (chosen.hasAggregator && !chosen.isFree) {
    await deployWorker(run, "aggregator", all);
    say(`aggregator   ${aggregator.name}`);
    return;
  }
  say(`aggregator   not deployed${chosen.isFree ? ": the Workers Free plan runs the relay alone" : ""}`);
  if (all["UPSTREAMS"]) say("upstreams    are not pulled without the aggregator");
  const before = remembered(earlier?.variables);
  if (earlier && before.hasAggregator && !before.isFree)
    say(`aggregator   the one of an earlier deployment goes on: npx wrangler delete ${aggregator.name}`);
}

/** Deploys one Worker. Goes on without what the account does not have. Returns what wrangler printed. */
async function deployWorker(
  run: Run,
  worker: "relay" | "aggregator",
  settings: Record<string, string>,
): Promise<string> {
  const { release, wrangler, say } = run;
  const variables = {
    ...settings,
    ...planSettings(run),
    ...(worker === "relay" ? remember(run.chosen) : {}),
  };
  try {
    const output = await withConfigFile(configsOf(run)[worker], (path) => {
      const args = ["deploy", "-c", path, "--keep-vars", "--tag", release.tag, "--message", release.message];
      return wrangler([...args, ...varOptions(variables)], worker === "relay" ? {} : NOT_THE_RELAY);
    });
    for (const [, kind, name] of output.matchAll(/Creating new (.+?) "(.+?)"/g))
      say(`created      ${kind} ${name}`);
    return output;
  } catch (error) {
    if (!(error instanceof CommandError) || !goOnWithout(error.message, run)) throw error;
    return deployWorker(run, worker, settings);
  }
}

/** A build on Cloudflare gives every deployment the name of the Worker that it is connected to, the relay. */
const NOT_THE_RELAY = { WRANGLER_CI_OVERRIDE_NAME: undefined, WRANGLER_CI_MATCH_TAG: undefined };

/** Returns whether it is worth trying again, without what Cloudflare refused. */
function goOnWithout(refusal: string, { chosen, options, say }: Run): boolean {
  if (refusal.includes(NO_ANALYTICS) && chosen.hasAnalytics) {
    chosen.hasAnalytics = false;
    const page = /https:\/\/\S+/.exec(refusal)?.[0] ?? "Cloudflare's dashboard";
    say(`analytics    Analytics Engine is not enabled on this account: going on without it`);
    say(`             To have it, enable it at ${page} and deploy again`);
    return true;
  }
  if (refusal.includes(NO_LIMITS_ON_FREE) && !chosen.isFree && options.isFree === undefined) {
    chosen.isFree = true;
    say("plan         this account is on the Workers Free plan: going on as with --free");
    return true;
  }
  return false;
}

/** Returns the settings of the plan. What the operator has chosen stays. */
function planSettings({ chosen, settings, earlier }: Run): Record<string, string> {
  const wasFree = remembered(earlier?.variables).isFree;
  const changes = Object.entries(FREE_SETTINGS).flatMap(([name, value]) => {
    if (name in settings) return [];
    const deployed = earlier?.variables[name];
    if (chosen.isFree) return deployed ? [] : [[name, value]];
    // After an upgrade: the default.
    return wasFree && deployed === value ? [[name, ""]] : [];
  });
  return Object.fromEntries(changes) as Record<string, string>;
}

function configsOf({ options, chosen }: Run): WorkerConfigs {
  return workerConfigs({ ...chosen, name: options.name });
}

function label(worker: WorkerConfig, { relay }: WorkerConfigs): string {
  return worker === relay ? "relay        " : "aggregator   ";
}

/** Returns settings as options: wrangler would print values from a configuration. */
function varOptions(settings: Record<string, string>): string[] {
  return Object.entries(settings).flatMap(([name, value]) => ["--var", `${name}:${value}`]);
}

function addressIn(output: string): string | undefined {
  const lines = output.split("\n").map((line) => line.trim());
  return lines.find((line) => line.startsWith("https://"));
}
