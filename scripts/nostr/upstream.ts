/** `upstream`: manages the relays that a relay pulls events from, over its management API (NIP-86). */
import { normalizeUpstreamUrl } from "../../nostr/relay-url.ts";
import type { UpstreamStatus } from "../../store/upstreams/upstream-status.ts";
import { readOptions } from "../shared/options.ts";
import { print, printableJson } from "../shared/printing.ts";
import { relayAddressHint } from "../shared/relay-option.ts";
import { CommandError, UsageError } from "../shared/usage.ts";
import {
  callWith,
  JSON_OPTION,
  MANAGEMENT_HELP,
  MANAGEMENT_OPTIONS,
  SIGNED,
  type ManagementValues,
} from "./management-options.ts";
import { helpOn, runSubcommand, type Subcommand } from "./subcommands.ts";
import { timeoutHelp, TIMEOUT_OPTION, timeoutOf } from "./timeout-option.ts";
import { probe } from "./upstream-probe.ts";
import { probeText } from "./upstream-probe-text.ts";
import { SETTINGS_HELP, SETTINGS_OPTIONS, settingsOf } from "./upstream-options.ts";
import { statusText, tableOf } from "./upstream-text.ts";

export const summary = "manage the relays that a relay pulls events from";

const SUBCOMMANDS: Record<string, Subcommand> = {
  add: {
    usage: "URL [options]",
    summary: "pull another relay",
    about: `Pulls another relay from now on: everything, or the events that match all options. ${SIGNED}
The aggregator looks for upstreams once a minute.

${SETTINGS_HELP}${MANAGEMENT_HELP}`,
    run: (args) => withSettings("addupstream", args),
  },
  change: {
    usage: "URL [options]",
    summary: "change the settings of an upstream",
    about: `Changes the settings that are given, and keeps the others. ${SIGNED}
The filters are changed as a whole: --kinds without --authors asks for all authors.

${SETTINGS_HELP}${MANAGEMENT_HELP}`,
    run: (args) => withSettings("changeupstream", args),
  },
  remove: {
    usage: "URL",
    summary: "stop pulling a relay, and forget how far it was pulled",
    about: `Stops pulling a relay, and forgets how far it was pulled. Its events stay. One that the setting UPSTREAMS names
can only be paused. ${SIGNED}

${MANAGEMENT_HELP}`,
    run: (args) => withUrl("removeupstream", args),
  },
  list: {
    usage: "[--json]",
    summary: "show all upstreams in a table",
    about: `Shows all upstreams. LAG is the time since everything was last asked for. GAPS are ranges of time that the next
pulls ask for, LOST are ranges that cannot be had. HERE is how much of what the upstream holds is here. NEW are received events that were not stored yet. ${SIGNED}

  --json             print everything that is known, as one line of JSON
${MANAGEMENT_HELP}`,
    run: async (args) => {
      const { values } = readOptions(args, { ...MANAGEMENT_OPTIONS, ...JSON_OPTION });
      const upstreams = await listUpstreams(values);
      if (values.json) return print(printableJson(upstreams));
      await print(upstreams.length === 0 ? "there are no upstreams" : tableOf(upstreams, nowSeconds()));
    },
  },
  status: {
    usage: "[URL] [--json]",
    summary: "show everything about one upstream, or about each",
    about: `Shows the settings, the last success and failure, the gaps and what was learnt about one upstream, or about each.
Times are in UTC. ${SIGNED}

  --json             print it as one line of JSON
${MANAGEMENT_HELP}`,
    run: showStatus,
  },
  pause: {
    usage: "URL",
    summary: "stop pulling a relay for a while",
    about: `Stops pulling a relay until it is resumed. A pull that runs ends first. ${SIGNED}

${MANAGEMENT_HELP}`,
    run: (args) => withUrl("pauseupstream", args),
  },
  resume: {
    usage: "URL",
    summary: "pull a paused relay again, from where it stopped",
    about: `Pulls a paused relay again, from where it stopped. ${SIGNED}

${MANAGEMENT_HELP}`,
    run: (args) => withUrl("resumeupstream", args),
  },
  backfill: {
    usage: "URL --since SECONDS [--until SECONDS]",
    summary: "ask again for a range of time",
    about: `Asks a relay again for what was created in a range of time. The next pulls do so after what is new. ${SIGNED}

  --since SECONDS    from this time on (Unix seconds)
  --until SECONDS    up to this time (default: now)
${MANAGEMENT_HELP}`,
    run: backfill,
  },
  test: {
    usage: "URL [--json]",
    summary: "connect to a relay from this machine, and say what it can do",
    about: `Connects to a relay from this machine and says what it learns: its document (NIP-11) and limits, how long it takes to
open a connection and to send an event, whether it wants authentication (NIP-42) and speaks NIP-77. Nothing is
stored, and no key is needed. The exit status is 1 if no events can be pulled.

  --json             print it as one line of JSON
${timeoutHelp("10")}  --help             print this text
`,
    run: testUpstream,
  },
};

export const help = helpOn(
  "upstream",
  "Manages the relays that a relay pulls events from. `test` asks the upstream, all others ask the relay.",
  SUBCOMMANDS,
);

export function run(args: string[]): Promise<void> {
  return runSubcommand(SUBCOMMANDS, args);
}

async function listUpstreams(values: ManagementValues): Promise<UpstreamStatus[]> {
  return (await callWith(values, "listupstreams", [])) as UpstreamStatus[];
}

async function withSettings(method: "addupstream" | "changeupstream", args: string[]): Promise<void> {
  const { values, positionals } = readOptions(args, { ...MANAGEMENT_OPTIONS, ...SETTINGS_OPTIONS }, 1);
  const url = upstreamUrl(positionals);
  const settings = settingsOf(values);
  if (method === "changeupstream" && Object.keys(settings).length === 0)
    throw new UsageError("nothing to change: give at least one setting");
  await callWith(values, method, [url, settings]);
  await print(method === "addupstream" ? `${url} is pulled from now on` : `${url} is changed`);
}

async function withUrl(
  method: "removeupstream" | "pauseupstream" | "resumeupstream",
  args: string[],
): Promise<void> {
  const { values, positionals } = readOptions(args, MANAGEMENT_OPTIONS, 1);
  const url = upstreamUrl(positionals);
  await callWith(values, method, [url]);
  const done = { removeupstream: "removed", pauseupstream: "paused", resumeupstream: "resumed" }[method];
  await print(`${url} is ${done}`);
}

async function showStatus(args: string[]): Promise<void> {
  const { values, positionals } = readOptions(args, { ...MANAGEMENT_OPTIONS, ...JSON_OPTION }, 1);
  const url = positionals.length === 0 ? undefined : upstreamUrl(positionals);
  const all = await listUpstreams(values);
  const shown = url === undefined ? all : all.filter((one) => one.url === url);
  if (url !== undefined && shown.length === 0)
    throw new CommandError(`there is no upstream ${url}: npm run nostr -- upstream list`);
  if (values.json) return print(printableJson(url === undefined ? shown : shown[0]));
  const texts = shown.map((one) => statusText(one, nowSeconds()));
  await print(texts.length === 0 ? "there are no upstreams" : texts.join("\n\n"));
}

async function backfill(args: string[]): Promise<void> {
  const times = { since: { type: "string" }, until: { type: "string" } } as const;
  const { values, positionals } = readOptions(args, { ...MANAGEMENT_OPTIONS, ...times }, 1);
  const url = upstreamUrl(positionals);
  if (values.since === undefined)
    throw new UsageError("--since is missing: from which time on, in Unix seconds; 0 for everything");
  const [since, until] = [secondsOf(values.since, "--since"), secondsOf(values.until, "--until")];
  await callWith(values, "backfillupstream", [url, since, ...(until === undefined ? [] : [until])]);
  await print(`${url} is asked again for this range by the next pulls`);
}

async function testUpstream(args: string[]): Promise<void> {
  const { values, positionals } = readOptions(args, { ...TIMEOUT_OPTION, ...JSON_OPTION }, 1);
  const report = await probe(upstreamUrl(positionals), timeoutOf(values.timeout));
  await print(values.json ? printableJson(report) : probeText(report));
  if (report.problem !== undefined) throw new CommandError(`no events can be pulled: ${report.problem}`);
}

function upstreamUrl([given]: string[]): string {
  if (given === undefined)
    throw new UsageError("the address of the upstream is missing, such as wss://relay.example");
  const url = normalizeUpstreamUrl(given);
  if (url !== undefined) return url;
  const hint = /^wss?:/.test(given)
    ? "expected an address without a user name or password"
    : relayAddressHint(given);
  throw new UsageError(`the upstream is ${JSON.stringify(given)}: ${hint}`);
}

function secondsOf(given: string | undefined, option: string): number | undefined {
  if (given === undefined) return undefined;
  if (!/^\d{1,10}$/.test(given))
    throw new UsageError(`${option} is ${JSON.stringify(given)}, expected Unix seconds, such as 1700000000`);
  return Number(given);
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
