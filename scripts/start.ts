/** `npm start`: runs the relay and the aggregator on this machine, as they would run on Cloudflare. */
import { addressesOf, HOST_HELP, HOST_OPTION, readHost } from "./local/host-option.ts";
import { interruption } from "./local/interruption.ts";
import type { RunningLocally } from "./local/runtime.ts";
import { readOptions } from "./shared/options.ts";
import { readPort } from "./shared/port-option.ts";
import { DEFAULT_PORT } from "./shared/relay-option.ts";
import { readSettings, SETTINGS_HELP, SETTINGS_OPTIONS } from "./shared/settings-option.ts";
import { lockState } from "./local/state-lock.ts";
import { runCommand } from "./shared/usage.ts";
import { VERSION } from "./shared/version.ts";

const HELP = `Usage: npm start -- [options]

Starts two Workers on this machine: the relay, and the aggregator, which pulls events from upstream relays.
Needs no account and no container.

  --port PORT        the port that the relay listens on (default ${DEFAULT_PORT})
${HOST_HELP}  --state DIR        the folder for events and all other data (default .tributary)
${SETTINGS_HELP}  --version          print the version
  --help             print this text
`;

await runCommand(async () => {
  const options = readCommandLine(process.argv.slice(2));
  if (typeof options === "string") {
    process.stdout.write(options);
    return;
  }
  const interrupted = interruption();
  let running: RunningLocally | undefined;
  // During the start there is nothing to do: it runs these jobs anyway.
  process.on("SIGUSR2", () => running?.runMinuteJobs());
  // Events and secrets are in the state directory. So all files there are only for their owner, also those of workerd.
  process.umask(0o077);
  using _lock = lockState(options.state);
  // Loaded late, because it takes a second: help and error messages come at once.
  const { startLocally } = await import("./local/runtime.ts");
  running = await Promise.race([startLocally({ ...options, say: console.log }), interrupted]);
  if (running) {
    tellWhere(options);
    await interrupted;
    await running.stop();
  }
  console.log(`stopped; the events are in ${options.state}`);
});
// After an early interruption, something may still be starting.
process.exit();

function tellWhere({ host, port, state }: { host: string; port: number; state: string }): void {
  const [address = "", ...others] = addressesOf(host, port);
  console.log(`relay    ws://${address}`);
  for (const other of others) console.log(`         ws://${other}`);
  console.log(`page     http://${address}/`);
  console.log(`events   http://${address}/api/v1/events`);
  console.log(`metrics  http://${address}/metrics`);
  console.log(`state    ${state}`);
  const relay = address === `localhost:${DEFAULT_PORT}` ? "" : ` --relay ws://${address}`;
  console.log(`try      npm run nostr -- req --kinds 1 --follow${relay}`);
  console.log(`ready ws://${address}`);
}

/** Returns the options, or the text to print for --help and --version. */
function readCommandLine(args: string[]) {
  const { values } = readOptions(args, {
    port: { type: "string", default: String(DEFAULT_PORT) },
    state: { type: "string", default: ".tributary" },
    ...HOST_OPTION,
    ...SETTINGS_OPTIONS,
    version: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  });
  if (values.help) return HELP;
  if (values.version) return `tributary ${VERSION}\n`;
  return {
    port: readPort(values.port),
    host: readHost(values.host),
    state: values.state,
    settings: readSettings(values),
  };
}
