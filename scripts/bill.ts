/** `npm run bill`: computes what Cloudflare bills for a relay in a month. */
import { readBillOptions } from "./bill/options.ts";
import { billText } from "./bill/table.ts";
import { runCommand } from "./shared/usage.ts";

await runCommand(async () => {
  const traffic = readBillOptions(process.argv.slice(2));
  process.stdout.write(typeof traffic === "string" ? traffic : billText(traffic));
});
