/** `npm run nostr -- <command>`: a client for relays. It runs on Node, Bun and Deno. */
import * as admin from "./admin.ts";
import * as events from "./events.ts";
import * as keygen from "./keygen.ts";
import { print } from "./printing.ts";
import * as publish from "./publish.ts";
import * as relayInfo from "./relay-info.ts";
import * as req from "./req.ts";
import { runCommand, UsageError } from "./usage.ts";

interface Command {
  summary: string;
  help: string;
  run(args: string[]): Promise<void>;
}

const COMMANDS: Record<string, Command> = { keygen, publish, req, events, "relay-info": relayInfo, admin };

// A reader that has seen enough, such as head, is no failure.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
});
await runCommand(() => dispatch(process.argv.slice(2)));
// Sockets that are slow to close hold up nobody.
process.exit();

async function dispatch([name = "--help", ...args]: string[]): Promise<void> {
  if (name === "--help" || name === "-h") return print(overview());
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    throw new UsageError(
      `there is no command ${JSON.stringify(name)}, there are ${Object.keys(COMMANDS).join(", ")}`,
    );
  }
  return asksForHelp(args) ? print(command.help.trimEnd()) : command.run(args);
}

/** What comes after `--` is content. */
function asksForHelp(args: string[]): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).some((arg) => arg === "--help" || arg === "-h");
}

function overview(): string {
  const lines = Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(12)} ${summary}`);
  return `Usage: npm run nostr -- <command> [options]

${lines.join("\n")}

Each command has --help. All but keygen take --relay URL (default ws://localhost:8787).`;
}
