/** The command line of `npm run bench`. */
import { readOptions } from "../shared/options.ts";
import { didYouMean } from "../shared/nearest.ts";
import { relayAddressHint } from "../shared/relay-option.ts";
import { UsageError } from "../shared/usage.ts";
import { normalizeRelayUrl } from "../../nostr/relay-url.ts";
import { numberOf } from "./number-option.ts";
import { SCENARIOS, USUAL_SCENARIOS } from "./cases/cases.ts";

export interface BenchOptions {
  /** Directories of checkouts, each perhaps with settings (`DIR,NAME=VALUE`), `nostr-relay` or `floor`. */
  relays: string[];
  running: { url: string; pid: number | undefined }[];
  scenarios: string[];
  events: number;
  seconds: number;
  rounds: number;
  isQuick: boolean;
  /** The file that --json names. */
  json: string | undefined;
}

const USUAL = { events: "50000", seconds: "5", rounds: "3" };
const QUICK = { events: "5000", seconds: "1", rounds: "1" };

const HELP = `Usage: npm run bench -- [options]
       npm run bench -- --compare BEFORE.json AFTER.json
       npm run bench -- aggregate [options]

Measures relays side by side: events are stored, then every case runs on one relay after the other, in several rounds.
Prints a table. docs/performance.md says how to read it.

  --relay DIR         a checkout of this project, which is started with its own empty state; or nostr-relay, which is
                      the relay @nostr-relay on better-sqlite3; or floor, which is the least that a relay on Workers can do,
                      for some of the stored queries; may be repeated (default: this checkout).
                      DIR,NAME=VALUE,… starts a checkout with these settings, as --var of npm start
  --url URL           a relay that runs, has no events yet and does not limit clients; may be repeated
  --pid PID           the process of the relay of --url, whose CPU and memory are measured with its children
  --scenarios A,B     what to measure: ${SCENARIOS.join(", ")}
                      (default all but idle, which opens 10,000 connections)
  --events N          events to store before (default ${USUAL.events})
  --seconds N         how long each case is measured (default ${USUAL.seconds})
  --rounds N          how often each case is measured on each relay (default ${USUAL.rounds})
  --quick             ${QUICK.events} events, ${QUICK.rounds} round of ${QUICK.seconds} second, and fewer connections
  --json FILE         write the figures to this file too
  --compare           print the ratios of two such files: the second to the first
  --help              print this text
`;

/** Returns what to measure, or the files to compare, or the text to print. */
export function readBenchOptions(args: string[]): BenchOptions | { compared: [string, string] } | string {
  const repeated = { type: "string", multiple: true, default: [] as string[] } as const;
  const text = { type: "string" } as const;
  const flag = { type: "boolean", default: false } as const;
  const options = {
    relay: repeated,
    url: repeated,
    pid: repeated,
    scenarios: text,
    events: text,
    seconds: text,
    rounds: text,
    quick: flag,
    json: text,
    compare: flag,
    help: flag,
  };
  const { values, positionals } = readOptions(args, options, args.includes("--compare") ? 2 : 0);
  if (values.help) return HELP;
  if (values.compare) return { compared: twoFiles(positionals) };
  const usual = values.quick ? QUICK : USUAL;
  const number = (name: keyof typeof USUAL) => numberOf(values[name] ?? usual[name], name);
  const running = runningOf(values.url, values.pid);
  return {
    relays: values.relay.length === 0 && running.length === 0 ? ["."] : values.relay,
    running,
    scenarios: scenariosOf(values.scenarios),
    events: number("events"),
    seconds: number("seconds"),
    rounds: number("rounds"),
    isQuick: values.quick,
    json: values.json,
  };
}

function twoFiles(files: string[]): [string, string] {
  const [first, second] = files;
  if (first === undefined || second === undefined) throw new UsageError("--compare needs two files");
  return [first, second];
}

function runningOf(urls: string[], pids: string[]): BenchOptions["running"] {
  if (pids.length > urls.length) throw new UsageError("there are more --pid than --url");
  return urls.map((given, at) => {
    const url = normalizeRelayUrl(given);
    if (url === undefined)
      throw new UsageError(`--url is ${JSON.stringify(given)}: ${relayAddressHint(given)}`);
    const pid = pids[at];
    return { url, pid: pid === undefined ? undefined : numberOf(pid, "pid") };
  });
}

function scenariosOf(given: string | undefined): string[] {
  if (given === undefined) return USUAL_SCENARIOS;
  const names = given.split(",").map((name) => name.trim());
  for (const name of names) {
    if (!SCENARIOS.includes(name))
      throw new UsageError(
        `--scenarios has ${JSON.stringify(name)}${didYouMean(name, SCENARIOS) || `, expected some of ${SCENARIOS.join(", ")}`}`,
      );
  }
  return names;
}
