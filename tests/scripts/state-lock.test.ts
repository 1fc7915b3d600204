/** If several programs start at the same instant, at most one gets the state directory. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { lockState } from "../../scripts/local/state-lock.ts";
import { freshFolder } from "../fixtures/cli.ts";
import { ROOT, type Running, startProgram } from "../fixtures/program.ts";

const folder = freshFolder();
const ATTEMPTS = 200;

/** Waits for the file "go". Then it takes and releases the directory again and again. Only one program may have it. */
const TAKING = `
import { closeSync, existsSync, openSync, unlinkSync } from "node:fs";
import { lockState } from "${ROOT}scripts/local/state-lock.ts";
const seen = { taken: 0, shared: 0 };
console.log("loaded");
while (!existsSync("go"));
for (let attempt = 0; attempt < ${ATTEMPTS}; attempt += 1) {
  let lock;
  try {
    lock = lockState("state");
  } catch (error) {
    if (!error.message.startsWith("another relay")) throw error;
    continue;
  }
  seen.taken += 1;
  try {
    closeSync(openSync("inside", "wx"));
    unlinkSync("inside");
  } catch {
    seen.shared += 1;
  }
  lock[Symbol.dispose]();
}
console.log(JSON.stringify(seen));
process.exit();`;

const HOLDING = `
import { lockState } from "${ROOT}scripts/local/state-lock.ts";
globalThis.lock = lockState("state");
console.log("held");
setInterval(() => {}, 1000);`;

it("of four that take it at the same time, again and again, never two have it", async () => {
  const programs = Array.from({ length: 4 }, () => start(TAKING));
  await Promise.all(programs.map((program) => program.shows("loaded")));
  writeFileSync(join(folder.path, "go"), "");
  const ended = await Promise.all(programs.map((program) => program.ended));
  expect(ended.map(({ code, stderr }) => ({ code, stderr }))).toEqual(
    ended.map(() => ({ code: 0, stderr: "" })),
  );
  const seen = ended.map(
    ({ stdout }) => JSON.parse(stdout.split("\n")[1] ?? "") as { taken: number; shared: number },
  );
  expect(seen.map(({ shared }) => shared)).toEqual([0, 0, 0, 0]);
  // One program alone could not take it so often, so they did compete.
  expect(seen.reduce((sum, { taken }) => sum + taken, 0)).toBeGreaterThan(ATTEMPTS);
});

it("the lock of a program that was killed is free at once", async () => {
  const state = join(folder.path, "state");
  const holder = start(HOLDING);
  await holder.shows("held");
  expect(() => lockState(state)).toThrow(`another relay (process ${holder.process.pid}) uses this state`);
  holder.process.kill("SIGKILL");
  await holder.ended;
  lockState(state)[Symbol.dispose]();
});

it("a folder in which nothing can be written any more can be taken", () => {
  const state = join(folder.path, "full");
  // As if the disk were full: these files cannot be created.
  for (const name of ["lock.sqlite-journal", "pid"]) mkdirSync(join(state, name), { recursive: true });
  const lock = lockState(state);
  expect(() => lockState(state)).toThrow("another relay uses this state directory");
  lock[Symbol.dispose]();
  lockState(state)[Symbol.dispose]();
});

it("a folder is given back, and a file is not one", () => {
  const state = join(folder.path, "state");
  const first = lockState(state);
  expect(() => lockState(state)).toThrow(`another relay (process ${process.pid}) uses this state directory`);
  first[Symbol.dispose]();
  lockState(state)[Symbol.dispose]();
  writeFileSync(join(folder.path, "file"), "");
  expect(() => lockState(join(folder.path, "file"))).toThrow("it is a file, expected a folder");
});

function start(program: string): Running {
  return startProgram(process.execPath, ["--input-type=module-typescript", "-e", program], {
    cwd: folder.path,
  });
}
