/** Runs a server from its command line until a signal ends it. */
import type { StartServer } from "../../server/start-server.ts";
import { assertPortIsFree } from "../local/free-port.ts";
import { HOST_HELP } from "../local/host-option.ts";
import { interruption } from "../local/interruption.ts";
import { readRelayOptions, tellWhere } from "../local/relay-options.ts";
import { lockState } from "../local/state-lock.ts";
import { DEFAULT_PORT } from "../shared/relay-option.ts";
import { SETTINGS_HELP } from "../shared/settings-option.ts";
import { readPageFiles } from "./page-files.ts";

const HELP = `
Runs the relay, its pages and the aggregator as one process, without Workers. All data is in one folder.

  --port PORT        the port to listen on (default ${DEFAULT_PORT})
${HOST_HELP}  --state DIR        the folder for events and all other data (default .tributary-server)
  --behind-proxy     the proxy in front says who the client is: the last address in X-Forwarded-For
${SETTINGS_HELP}  --version          print the version
  --help             print this text
`;

/** `usage` is the first paragraph of the help. `load` returns the server; it is called when the options are known to be right. */
export async function runServer(
  args: string[],
  { usage, load }: { usage: string; load(): Promise<StartServer> },
): Promise<void> {
  const options = readRelayOptions(args, {
    help: `${usage}${HELP}`,
    state: ".tributary-server",
    hasProxy: true,
  });
  if (typeof options === "string") {
    process.stdout.write(options);
    return;
  }
  const { state, host, port } = options;
  const interrupted = interruption();
  // Events and secrets are in the state directory, so all files there are only for their owner.
  process.umask(0o077);
  using _lock = lockState(state);
  await assertPortIsFree(port, host);
  const startServer = await load();
  const running = await startServer({ ...options, pageFiles: readPageFiles() });
  tellWhere(options);
  process.on("SIGUSR2", () => running.runMinuteJobs());
  await interrupted;
  await running.stop();
  console.log(`stopped; the events are in ${state}`);
}
