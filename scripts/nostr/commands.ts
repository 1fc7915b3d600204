/** The commands of the client for relays. */
import { didYouMean } from "../shared/nearest.ts";
import { print } from "../shared/printing.ts";
import { runCommand, UsageError } from "../shared/usage.ts";
import { VERSION } from "../shared/version.ts";

interface Command {
  summary: string;
  /** Of a command with subcommands, by the arguments. */
  help: string | ((args: string[]) => string);
  run(args: string[]): Promise<void>;
}

/** Only the command that runs is loaded: all of them take 25 MB of memory. */
const COMMANDS: Record<string, () => Promise<Command>> = {
  keygen: () => import("./keygen.ts"),
  publish: () => import("./publish.ts"),
  req: () => import("./req.ts"),
  count: () => import("./count.ts"),
  events: () => import("./events.ts"),
  "relay-info": () => import("./relay-info.ts"),
  health: () => import("./health.ts"),
  admin: () => import("./admin.ts"),
  upstream: () => import("./upstream.ts"),
  outbox: () => import("./outbox.ts"),
  dead: () => import("./dead.ts"),
  import: () => import("./import.ts"),
  export: () => import("./export.ts"),
  sync: () => import("./sync.ts"),
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
  if (name === "help" || name === "--help" || name === "-h") return print(await overview());
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!load) {
    const names = Object.keys(COMMANDS);
    const near = didYouMean(name, names) || `, there are ${names.join(", ")}`;
    throw new UsageError(`there is no command ${JSON.stringify(name)}${near}`);
  }
  const command = await load();
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

async function overview(): Promise<string> {
  const commands = await Promise.all(Object.values(COMMANDS).map((load) => load()));
  const lines = Object.keys(COMMANDS).map((name, at) => `  ${name.padEnd(12)} ${commands[at]?.summary}`);
  return `Usage: npm run nostr -- <command> [options]

${lines.join("\n")}

Every command has --help. All commands but keygen take --relay URL (default ws://localhost:8787).
--version prints the version.`;
}
