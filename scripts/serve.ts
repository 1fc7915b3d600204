/** `npm run serve`: the relay and the aggregator as one process, without Workers. It also runs on Bun and Deno. */
import { rmSync } from "node:fs";
import { pathToFileURL } from "node:url";
import type { StartServer } from "../server/start-server.ts";
import { buildServer, thisRuntime } from "./serve/build-server.ts";
import { runServer } from "./serve/run-server.ts";
import { runCommand } from "./shared/usage.ts";

const USAGE = `Usage: npm run serve -- [options]
       bun scripts/serve.ts [options]
       deno run -A scripts/serve.ts [options]
`;

await runCommand(() => runServer(process.argv.slice(2), { usage: USAGE, load: buildAndLoad }));
process.exit();

async function buildAndLoad(): Promise<StartServer> {
  const file = await buildServer("server/server.ts", thisRuntime(), { sourcemap: "inline" });
  const { startServer } = (await import(pathToFileURL(file).href)) as { startServer: StartServer };
  rmSync(file, { force: true });
  return startServer;
}
