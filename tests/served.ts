/**
 * `npm run test:serve`: all that a client can notice of the server without Workers, on each runtime, and a line for each result.
 * `npm run test:serve -- bun deno` runs two of them. ATTACKS, KILLS and SEED mean what they mean for each test.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const RUNTIMES = ["node", "bun", "deno"];
/** The tests in tests/e2e that start the relay of SERVED_BY. */
const SYSTEM =
  "alerts close dead live onward outbox prometheus pull rate-limit start state-folder sync telemetry upstreams";
/** The arguments of Vitest. */
const GROUPS: Record<string, string[]> = {
  protocol: ["--project", "sockets"],
  clients: ["--project", "e2e", "tests/clients"],
  system: ["--project", "e2e", ...SYSTEM.split(" ").map((name) => `tests/e2e/${name}.test.ts`)],
  attacks: ["--project", "attacks"],
  kills: ["--project", "e2e", "tests/e2e/kill.test.ts"],
};

/** The part of Vitest's report in JSON that is read here. */
interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  success: boolean;
}

const named = process.argv.slice(2);
const unknown = named.filter((name) => !RUNTIMES.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`unknown runtime ${unknown[0]}: choose among ${RUNTIMES.join(", ")}\n`);
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), "tributary-served-"));
const lines: string[] = [];
for (const runtime of named.length > 0 ? named : RUNTIMES)
  for (const [group, args] of Object.entries(GROUPS)) {
    const report = await run(runtime, args);
    lines.push(`${runtime.padEnd(5)} ${group.padEnd(9)} ${report ? summary(report) : "did not run"}\n`);
    if (!report?.success) process.exitCode = 1;
  }
rmSync(folder, { recursive: true });
process.stdout.write(lines.join(""));

/** Undefined: Vitest has ended without a report. */
async function run(servedBy: string, args: string[]): Promise<Report | undefined> {
  const file = join(folder, "report.json");
  rmSync(file, { force: true });
  const vitest = ["node_modules/vitest/vitest.mjs", "run", "--reporter=default", "--reporter=json"];
  const child = spawn(process.execPath, [...vitest, `--outputFile.json=${file}`, ...args], {
    cwd: ROOT,
    env: { ...process.env, SERVED_BY: servedBy },
    stdio: "inherit",
  });
  await new Promise((resolve, reject) => child.on("close", resolve).on("error", reject));
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Report;
  } catch {
    return undefined;
  }
}

function summary({ numPassedTests, numFailedTests, numPendingTests }: Report): string {
  const skipped = numPendingTests > 0 ? `, ${numPendingTests} skipped` : "";
  return `${numPassedTests} passed, ${numFailedTests} failed${skipped}`;
}
