/** `npm run serve`: the relay and the aggregator as one process, without Workers. It also runs on Bun and Deno. */
import { rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { StartServer } from "../server/start-server.ts";
import { HOST_HELP } from "./local/host-option.ts";
import { assertPortIsFree } from "./local/free-port.ts";
import { interruption } from "./local/interruption.ts";
import { readRelayOptions, tellWhere } from "./local/relay-options.ts";
import { lockState } from "./local/state-lock.ts";
import { buildServer, thisRuntime } from "./serve/build-server.ts";
import { runBuildProgram } from "./shared/build-program.ts";
import { DEFAULT_PORT } from "./shared/relay-option.ts";
import { SETTINGS_HELP } from "./shared/settings-option.ts";
import { runCommand } from "./shared/usage.ts";

const ASSETS = fileURLToPath(new URL("../dist", import.meta.url));
const HELP = `Usage: npm run serve -- [options]
       bun scripts/serve.ts [options]
       deno run -A scripts/serve.ts [options]

Runs the relay, its pages and the aggregator as one process, without Workers. All data is in one folder.

  --port PORT        the port to listen on (default ${DEFAULT_PORT})
${HOST_HELP}  --state DIR        the folder for events and all other data (default .tributary-server)
  --behind-proxy     the proxy in front says who the client is: the last address in X-Forwarded-For
${SETTINGS_HELP}  --version          print the version
  --help             print this text
`;

await runCommand(async () => {
  const options = readRelayOptions(process.argv.slice(2), {
    help: HELP,
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
  await runBuildProgram("web/build.js");
  await runBuildProgram("wasm/build.js");
  const file = await buildServer("server/server.ts", thisRuntime());
  const server = (await import(file)) as { startServer: StartServer };
  rmSync(new URL(file), { force: true });
  const running = await server.startServer({ ...options, assets: ASSETS });
  tellWhere(options);
  process.on("SIGUSR2", () => running.runMinuteJobs());
  await interrupted;
  await running.stop();
  console.log(`stopped; the events are in ${state}`);
});
process.exit();
