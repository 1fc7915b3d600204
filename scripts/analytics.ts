/** `npm run analytics`: draws what Analytics Engine has of the last day. */
import { panelText } from "./analytics/drawing.ts";
import { PANELS } from "./analytics/panels.ts";
import { accountOf, ask } from "./analytics/sql-api.ts";
import { readOptions } from "./shared/options.ts";
import { runCommand } from "./shared/usage.ts";

const HELP = `Usage: npm run analytics

Draws the last 24 hours of the relay, from Analytics Engine: a bar for each hour, and the total.

The environment has the account, as for wrangler:
  CLOUDFLARE_ACCOUNT_ID   the account
  CLOUDFLARE_API_TOKEN    a token with the permission Account Analytics: Read

  --help                  print this text
`;

const HOUR = 3600;
const HOURS = 24;

await runCommand(async () => {
  const { values } = readOptions(process.argv.slice(2), { help: { type: "boolean", default: false } });
  if (values.help) {
    process.stdout.write(HELP);
    return;
  }
  const account = accountOf(process.env);
  const hour = Math.floor(Date.now() / 1000 / HOUR) * HOUR;
  const times = Array.from({ length: HOURS }, (_, n) => hour - HOUR * (HOURS - 1 - n));
  for (const panel of PANELS) {
    const sql = panel.sql
      .replaceAll("$interval", String(HOUR))
      .replace("$from", String(times[0]))
      .replace("$to", String(hour + HOUR));
    process.stdout.write(`${panelText(panel, await ask(account, sql), times)}\n`);
  }
});
