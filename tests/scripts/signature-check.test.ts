/** `wasm/build.js`: what `npm ci` does if the module that checks signatures cannot be built, and when it is built again. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ROOT, startProgram } from "../fixtures/program.ts";

const FAILURE =
  "building the signature check: npm downloads 30 MB, once, and compiling takes a few seconds\n" +
  "the signature check could not be built (npm ci: no network): the relay works, but checks signatures in JavaScript, which takes four times as long. Try again with npm run build:wasm\n";

/** Returns a copy of the folder `wasm`, in which npm always fails. */
function copyOfProject() {
  const folder = mkdtempSync(join(tmpdir(), "tributary-scripts-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(ROOT, "wasm"), join(folder, "wasm"), { recursive: true });
  for (const name of ["bin", "tmp"]) mkdirSync(join(folder, name));
  writeFileSync(join(folder, "bin/npm"), "#!/bin/sh\necho no network >&2\nexit 1\n", { mode: 0o755 });
  const env = { PATH: `${join(folder, "bin")}:${process.env["PATH"]}`, TMPDIR: join(folder, "tmp") };
  const file = join(folder, "wasm/verify.wasm");
  return {
    file,
    temporary: env.TMPDIR,
    remove: () => rmSync(file),
    edit: (name: string) => writeFileSync(join(folder, "wasm", name), "changed"),
    exports: () => WebAssembly.Module.exports(new WebAssembly.Module(readFileSync(file))).length,
    build: (...args: string[]) =>
      startProgram(process.execPath, [join(folder, "wasm/build.js"), ...args], { cwd: folder, env }).ended,
  };
}

test("a module that was built from these sources stays", async () => {
  const { build, exports } = copyOfProject();
  for (const args of [[], ["--again"]])
    expect(await build(...args)).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(exports()).toBeGreaterThan(0);
});

test("a failure leaves a module without exports, and says what that means", async () => {
  const { build, exports, remove, temporary } = copyOfProject();
  remove();
  expect(await build()).toEqual({ code: 0, stdout: "", stderr: FAILURE });
  expect(exports()).toBe(0);
  expect(readdirSync(temporary)).toEqual([]);
  expect(await build()).toEqual({ code: 0, stdout: "", stderr: "" });
});

test("npm ci and npm run deploy try again after a failure", async () => {
  const { build, remove } = copyOfProject();
  remove();
  await build();
  expect((await build("--again")).stderr).toBe(FAILURE);
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    scripts: Record<string, string>;
  };
  expect(scripts["postinstall"]).toContain("node wasm/build.js --again");
});

test.each(["verify.c", "compile.js", "package-lock.json"])(
  "a module of another %s is replaced, even by a slower check",
  async (name) => {
    const { build, edit, exports } = copyOfProject();
    edit(name);
    expect((await build()).stderr).toBe(FAILURE);
    expect(exports()).toBe(0);
  },
);

test("a broken file is replaced", async () => {
  const { build, exports, file } = copyOfProject();
  writeFileSync(file, readFileSync(file).subarray(0, 1000));
  expect((await build()).stderr).toBe(FAILURE);
  expect(exports()).toBe(0);
});
