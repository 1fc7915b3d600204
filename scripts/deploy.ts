/** `npm run deploy`: deploys the relay and the aggregator to a Cloudflare account. */
import { readDeployOptions } from "./deploy/options.ts";
import { thisRelease } from "./deploy/release.ts";
import { createSetReplication } from "./deploy/replication.ts";
import { buildSignatureCheck } from "./shared/signature-check.ts";
import { runCommand } from "./shared/usage.ts";
import { VERSION } from "./shared/version.ts";
import { forAccount } from "./shared/wrangler.ts";

await runCommand(async () => {
  const command = readDeployOptions(process.argv.slice(2), VERSION);
  if (typeof command === "string") {
    process.stdout.write(command);
    return;
  }
  const { account, options, settings, isDryRun, isRollback } = command;
  const wrangler = forAccount(account);
  const say = (line: string) => console.log(line);
  // Loaded late, because it takes a second: help and error messages come at once.
  const { deploy, dryRun } = await import("./deploy/deployment.ts");
  const { rollBack } = await import("./deploy/rollback.ts");
  if (isRollback) return rollBack({ wrangler, name: options.name, say });
  await buildSignatureCheck("--again");
  if (isDryRun) return dryRun({ wrangler, options, settings, say });
  const setReplication = createSetReplication({
    wrangler,
    account: account ?? (process.env["CLOUDFLARE_ACCOUNT_ID"] || undefined),
    baseUrl: process.env["CLOUDFLARE_API_BASE_URL"] || undefined,
  });
  await deploy({ wrangler, setReplication, options, settings, release: await thisRelease(), say });
});
