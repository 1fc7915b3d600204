/** `npm start`: runs the relay and the aggregator on this machine, as they would run on Cloudflare. */
import { HOST_HELP } from "./local/host-option.ts";
import { interruption } from "./local/interruption.ts";
import { readRelayOptions, tellWhere } from "./local/relay-options.ts";
import type { RunningLocally } from "./local/runtime.ts";
import { DEFAULT_PORT } from "./shared/relay-option.ts";
import { SETTINGS_HELP } from "./shared/settings-option.ts";
import { lockState } from "./local/state-lock.ts";
import { runCommand } from "./shared/usage.ts";

const HELP = `Usage: npm start -- [options]

Starts two Workers on this machine: the relay, and the aggregator, which pulls events from upstream relays.
Needs no account and no container.

  --port PORT        the port that the relay listens on (default ${DEFAULT_PORT})
${HOST_HELP}  --state DIR        the folder for events and all other data (default .tributary)
${SETTINGS_HELP}  --version          print the version
  --help             print this text
`;

await runCommand(async () => {
  const options = readRelayOptions(process.argv.slice(2), { help: HELP, state: ".tributary" });
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
