/** Runs the portable tests on Deno and Bun at the same time, with fewer generated cases than on Node. */
import { spawn } from "node:child_process";

const VITEST = ["node_modules/vitest/vitest.mjs", "run", "--project", "portable"];
const FEWER = {
  FRAMES: "3000",
  RUNS: "5",
  FILTERS: "300",
  RECORDS: "5000",
  HOSTILE: "30",
  HISTORIES: "3",
};
const env = { ...process.env, ...FEWER };

const ended = await Promise.all([
  run("deno", ["run", "-A", ...VITEST]),
  run("bun", ["--bun", ...VITEST, "--pool", "threads"]),
]);
if (ended.some((code) => code !== 0)) process.exit(1);

/** Runs a program. Resolves with the exit code. Prints whole lines, so that the outputs of both do not mix. */
function run(program, args) {
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "pipe"] });
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ]) {
    let rest = "";
    from.setEncoding("utf8").on("data", (text) => {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) to.write(`${program}  ${line}\n`);
    });
    from.on("end", () => rest !== "" && to.write(`${program}  ${rest}\n`));
  }
  return new Promise((resolve, reject) =>
    child.on("error", reject).on("close", (code) => resolve(code ?? 1)),
  );
}
