/** What the executable file runs. `npm run binary` builds it. */
import { startServer } from "../../server/server.ts";
import { runNostr } from "../nostr/commands.ts";
import { runServer } from "../serve/run-server.ts";
import { didYouMean } from "../shared/nearest.ts";
import { runCommand, UsageError } from "../shared/usage.ts";
import { VERSION } from "../shared/version.ts";

const HELP = `Usage: tributary <command> [options]

  serve        run the relay, its pages and the aggregator
  nostr        a client for relays

Each has --help. --version prints the version.
`;
const USAGE = "Usage: tributary serve [options]\n";

const COMMANDS: Record<string, (args: string[]) => Promise<void>> = {
  serve: (args) => runServer(args, { usage: USAGE, load: async () => startServer }),
  nostr: runNostr,
};

await runCommand(() => dispatch(process.argv.slice(2)));
process.exit();

async function dispatch([name = "--help", ...args]: string[]): Promise<void> {
  if (name === "--help" || name === "-h" || name === "help") return void process.stdout.write(HELP);
  if (name === "--version" || name === "-v" || name === "version")
    return void process.stdout.write(`tributary ${VERSION}\n`);
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (command) return command(args);
  const names = Object.keys(COMMANDS);
  const near = didYouMean(name, names) || `, there are ${names.join(" and ")}`;
  throw new UsageError(`there is no command ${JSON.stringify(name)}${near}`);
}
