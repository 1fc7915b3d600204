/** The commands of the client for relays. */
import * as admin from "./admin.ts";
import * as count from "./count.ts";
import * as dead from "./dead.ts";
import * as events from "./events.ts";
import * as exportCommand from "./export.ts";
import * as health from "./health.ts";
import * as importCommand from "./import.ts";
import * as keygen from "./keygen.ts";
import * as outbox from "./outbox.ts";
import { didYouMean } from "../shared/nearest.ts";
import { print } from "../shared/printing.ts";
import * as publish from "./publish.ts";
import * as relayInfo from "./relay-info.ts";
import * as req from "./req.ts";
import * as sync from "./sync.ts";
import * as upstream from "./upstream.ts";
import { runCommand, UsageError } from "../shared/usage.ts";
import { VERSION } from "../shared/version.ts";

interface Command {
  summary: string;
  /** Of a command with subcommands, by the arguments. */
  help: string | ((args: string[]) => string);
  run(args: string[]): Promise<void>;
}

const COMMANDS: Record<string, Command> = {
  keygen,
  publish,
  req,
  count,
  events,
  "relay-info": relayInfo,
  health,
  admin,
  upstream,
  outbox,
  dead,
  import: importCommand,
  export: exportCommand,
  sync,
};

/** Runs a command by its name and arguments. It sets the exit status. */
export function runNostr(args: string[]): Promise<void> {
  // If the reader of the output, such as head, closes it, that is not an error.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
  });
  return runCommand(() => dispatch(args));
}

async function dispatch([name = "--help", ...args]: string[]): Promise<void> {
  if (name === "--version" || name === "-v" || name === "version") return print(`tributary ${VERSION}`);
  if (name === "help" && args[0] !== undefined) return dispatch([...args, "--help"]);
  if (name === "help" || name === "--help" || name === "-h") return print(overview());
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    const names = Object.keys(COMMANDS);
    const near = didYouMean(name, names) || `, there are ${names.join(", ")}`;
    throw new UsageError(`there is no command ${JSON.stringify(name)}${near}`);
  }
  return asksForHelp(args) ? print(helpOf(command, args).trimEnd()) : command.run(args);
}

function helpOf({ help }: Command, args: string[]): string {
  return typeof help === "string" ? help : help(args);
}

/** Returns whether the arguments ask for help. Arguments after `--` are content. */
function asksForHelp(args: string[]): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).some((arg) => arg === "--help" || arg === "-h");
}

function overview(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(12)} ${summary}`);
  return `Usage: npm run nostr -- <command> [options]

${lines.join("\n")}

Every command has --help. All commands but keygen take --relay URL (default ws://localhost:8787).
--version prints the version.`;
}
