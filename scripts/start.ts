/** `npm start`: relay and aggregator on this machine, as they would run on Cloudflare. */
import { parseArgs } from "node:util";
import { interruption } from "./interruption.ts";
import { readSettings, SETTINGS_HELP, SETTINGS_OPTIONS } from "./settings-option.ts";
import { lockState } from "./state-lock.ts";
import { UsageError, runCommand } from "./usage.ts";

const HELP = `Usage: npm start -- [options]

Starts the relay and the aggregator on this machine: no account, no container.

  --port PORT        where the relay listens (default 8787)
  --state DIR        where events and everything else are kept (default .tributary)
${SETTINGS_HELP}  --help             this text
`;

await runCommand(async () => {
  const options = readOptions(process.argv.slice(2));
  if (!options) {
    process.stdout.write(HELP);
    return;
  }
  const interrupted = interruption();
  using _lock = lockState(options.state);
  // It takes a second to load: nobody waits for it to read the help, or what is wrong.
  const { startLocally } = await import("./local-runtime.ts");
  const running = await Promise.race([startLocally(options), interrupted]);
  if (!running) return;
  const address = `localhost:${options.port}`;
  console.log(`relay    ws://${address}`);
  console.log(`page     http://${address}/`);
  console.log(`events   http://${address}/api/v1/events`);
  console.log(`metrics  http://${address}/metrics`);
  console.log(`state    ${options.state}`);
  console.log(`try      npm run nostr -- req --kinds 1 --follow`);
  console.log(`ready ws://${address}`);
  await interrupted;
  await running.stop();
});
// Interrupted early, something may still be starting.
process.exit();

function readOptions(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      port: { type: "string", default: "8787" },
      state: { type: "string", default: ".tributary" },
      ...SETTINGS_OPTIONS,
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const port = /^\d{1,5}$/.test(values.port) ? Number(values.port) : Number.NaN;
  if (!(port >= 1 && port <= 65_535))
    throw new UsageError(`--port is ${values.port}, expected a number from 1 to 65535`);
  return { port, state: values.state, settings: readSettings(values) };
}
