/** `npm run deploy`: the relay and the aggregator on a Cloudflare account. */
import { parseArgs } from "node:util";
import { readSettings, SETTINGS_HELP, SETTINGS_OPTIONS } from "./settings-option.ts";
import { runCommand } from "./usage.ts";
import { runWrangler } from "./wrangler.ts";

const HELP = `Usage: npm run deploy -- [options]

Puts the relay and the aggregator on the Cloudflare account that wrangler is logged in to (npx wrangler login,
or CLOUDFLARE_API_TOKEN). Creates the database and the queues that are missing, applies migrations, and deploys
both Workers. It can be run again at any time: what exists is kept, settings that are not given too.

${SETTINGS_HELP}                     NAME= sets one back to its default
  --help             this text
`;

await runCommand(async () => {
  const { values } = parseArgs({
    options: { ...SETTINGS_OPTIONS, help: { type: "boolean", default: false } },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const settings = readSettings(values);
  // It takes a second to load: nobody waits for it to read the help, or what is wrong.
  const { deploy } = await import("./deployment.ts");
  await deploy({
    wrangler: runWrangler,
    settings,
    say: (line) => console.log(line),
  });
});
