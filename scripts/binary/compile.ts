/** Makes an executable file of a built file and Bun (https://bun.com/docs/bundler/executables). */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import packageJson from "../../package.json" with { type: "json" };
import { CommandError } from "../shared/usage.ts";

/** The version that the tests use too. */
export const BUN = `bun@${packageJson.devDependencies.bun}`;
const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Without `target`, the file is for this machine. Rejects with what Bun has said if it fails. */
export async function compile(file: string, output: string, target?: string): Promise<void> {
  const args = [
    "--yes",
    BUN,
    "build",
    "--compile",
    // The file reads what its command line names, and nothing else that lies in the folder where it is started.
    "--no-compile-autoload-dotenv",
    "--no-compile-autoload-bunfig",
    ...(target === undefined ? [] : [`--target=bun-${target}`]),
    file,
    `--outfile=${output}`,
  ];
  const { code, text } = await run("npx", args);
  if (code !== 0)
    throw new CommandError(`npx ${BUN} could not build the file: ${text.trim() || `it ended with ${code}`}`);
}

function run(program: string, args: string[]): Promise<{ code: number | null; text: string }> {
  return new Promise((resolve, reject) => {
    // In the root, npx finds the Bun that npm test installs.
    const child = spawn(program, args, { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
    let text = "";
    const hear = (part: string) => (text += part);
    child.stdout.setEncoding("utf8").on("data", hear);
    child.stderr.setEncoding("utf8").on("data", hear);
    child.once("error", (error) =>
      reject(new CommandError(`npx, which runs Bun, cannot be started (${error.message}): install npm`)),
    );
    child.once("close", (code) => resolve({ code, text }));
  });
}
