/** The Dockerfile. tests/e2e/binary.test.ts builds from what .dockerignore leaves, and runs its commands. */
import { join } from "node:path";
import { expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };
import { DEFAULT_PORT } from "../../scripts/shared/relay-option.ts";
import { commandOf, INSTRUCTIONS, lastOf } from "../fixtures/dockerfile.ts";
import { has, installed } from "../fixtures/foreign-programs.ts";
import { ROOT, startProgram } from "../fixtures/program.ts";

test("hadolint has nothing to say", async ({ skip }) => {
  skip(!has("python3"), "hadolint is not installed, because this machine has no python3");
  const hadolint = installed("hadolint", join(ROOT, "tests/scripts/hadolint.txt"));
  const { code, stdout, stderr } = await startProgram(hadolint, ["--no-color", "Dockerfile"], { cwd: ROOT })
    .ended;
  expect({ code, stdout, stderr }).toEqual({ code: 0, stdout: "", stderr: "" });
});

test("its base images have exact versions, and the first builds with the Node of the relay", () => {
  const bases = INSTRUCTIONS.filter(({ name }) => name === "FROM").map(({ value }) => value.split(" ")[0]);
  expect(bases[0]).toBe(`node:${packageJson.dependencies.node}-slim`);
  expect(bases[1]).toMatch(/^debian:\d+\.\d+-slim$/);
});

test("the relay is not root, its state is in a volume that it may write, and its port is the default", () => {
  const user = lastOf("USER");
  expect(Number(user)).toBeGreaterThan(0);
  const entrypoint = commandOf("ENTRYPOINT");
  const state = entrypoint[entrypoint.indexOf("--state") + 1];
  expect(lastOf("VOLUME")).toBe(state);
  expect(lastOf("RUN")).toBe(`install --directory --owner=${user} --mode=700 ${state}`);
  expect(entrypoint).not.toContain("--port");
  expect(lastOf("EXPOSE")).toBe(String(DEFAULT_PORT));
  const labels = Object.fromEntries(
    [...lastOf("LABEL").matchAll(/org\.opencontainers\.image\.(\w+)="([^"]*)"/g)].map(([, key, value]) => [
      key,
      value,
    ]),
  );
  expect(labels).toMatchObject({ url: packageJson.homepage, licenses: packageJson.license });
});
