/** Lint and types enforce the layers of docs/architecture.md: they find every planted violation. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ROOT, startProgram } from "../fixtures/program.ts";

const LINT_RULES: [file: string, code: string][] = [
  ["nostr/planted.ts", 'export { thing } from "../store/thing.ts";'],
  ["telemetry/planted.ts", 'export { thing } from "../nostr/thing.ts";'],
  ["store/planted.ts", 'export { thing } from "../relay/thing.ts";'],
  ["store/planted.ts", 'export type { Thing } from "../relay/thing.ts";'],
  ["store/planted.ts", 'export const thing = import("../http/thing.ts");'],
  ["store/walks/planted.ts", 'export { thing } from "../../relay/thing.ts";'],
  ["relay/planted.ts", 'export { thing } from "../worker/thing.ts";'],
  ["relay/planted.ts", 'export { thing } from "../http/thing.ts";'],
  ["relay/planted.ts", 'export { DurableObject } from "cloudflare:workers";'],
  ["relay/planted.ts", 'export { readFileSync } from "node:fs";'],
  ["relay/live/planted.ts", 'export { thing } from "../../worker/thing.ts";'],
  ["relay/live/planted.ts", 'export { readFileSync } from "node:fs";'],
  ["http/planted.ts", 'export { thing } from "../platforms/thing.ts";'],
  ["http/planted.ts", 'export { thing } from "../web/admin/thing.ts";'],
  ["http/pages/planted.ts", 'export { thing } from "../../platforms/thing.ts";'],
  ["http/pages/planted.ts", 'export { thing } from "../../web/shared/thing.ts";'],
  ["aggregator/planted.ts", 'export { thing } from "../worker/thing.ts";'],
  ["aggregator/pull/planted.ts", 'export { thing } from "../../worker/thing.ts";'],
  ["aggregator/pull/planted.ts", 'export { env } from "cloudflare:workers";'],
  ["platforms/planted.ts", 'export { thing } from "../worker/thing.ts";'],
  ["worker/planted.ts", 'export { thing } from "../aggregator/thing.ts";'],
  ["relay/planted.ts", "export const now = Date.now();"],
  ["relay/planted.ts", "export const now = new Date();"],
  ["nostr/planted.ts", "export const chance = Math.random();"],
  ["store/planted.ts", "setTimeout(() => undefined, 1);"],
  ["http/planted.ts", "export const { env } = process;"],
];

/** Imports that the rules allow. */
const ALLOWED: [file: string, code: string][] = [
  ["store/allowed.ts", 'export { thing } from "../nostr/thing.ts";'],
  ["relay/allowed.ts", 'export { thing } from "../store/thing.ts";'],
  ["relay/session/allowed.ts", 'export { thing } from "../../store/thing.ts";'],
  ["relay/session/allowed.ts", 'export { other } from "../live/thing.ts";'],
  ["store/walks/allowed.ts", 'export { thing } from "../../nostr/thing.ts";'],
  ["store/walks/allowed.ts", 'export { other } from "../database/thing.ts";'],
  ["http/allowed.ts", 'export { thing } from "../relay/thing.ts";'],
  ["http/pages/allowed.ts", 'export { thing } from "../../web/pages/thing.ts";'],
  ["aggregator/allowed.ts", 'export { thing } from "../relay/thing.ts";'],
  ["aggregator/pull/allowed.ts", 'export { thing } from "../../relay/thing.ts";'],
  ["aggregator/pull/allowed.ts", 'export { other } from "../turn/thing.ts";'],
  ["platforms/allowed.ts", 'export { thing } from "../http/thing.ts";'],
  ["worker/allowed.ts", 'export { thing } from "../platforms/thing.ts";'],
];

/** Makes a folder with the project's rules and only these files. */
function plant(files: [file: string, code: string][]): string {
  const folder = mkdtempSync(join(tmpdir(), "layers-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const rules of [".oxlintrc.json", "tsconfig.json"]) cpSync(join(ROOT, rules), join(folder, rules));
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  for (const [file, code] of files) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), `${code}\n`);
  }
  return folder;
}

function run(program: string, folder: string, ...args: string[]) {
  return startProgram(join(ROOT, "node_modules/.bin", program), args, { cwd: folder }).ended;
}

test.each(LINT_RULES)("lint finds in %s: %s", async (file, code) => {
  const { code: exit, stdout } = await run("oxlint", plant([[file, code]]), "--deny-warnings", file);
  expect(exit, stdout).toBe(1);
  expect(stdout).toMatch(/no-restricted-(imports|globals|properties)/);
});

test("lint lets pass what a folder may import", async () => {
  const { code, stdout } = await run(
    "oxlint",
    plant(ALLOWED),
    "--deny-warnings",
    ...ALLOWED.map(([file]) => file),
  );
  expect(code, stdout).toBe(0);
});

test.each(["new WebSocketPair();", "process.exit(1);", "declare const d: D1Database; d.exec();"])(
  "types of the middle do not know %s",
  async (code) => {
    const { code: exit, stdout } = await run("tsc", plant([["relay/planted.ts", code]]), "-p", ".");
    expect(exit, stdout).not.toBe(0);
    expect(stdout).toMatch(/relay\/planted\.ts.*Cannot find name/);
  },
);

test("types of the middle know what the web has", async () => {
  const code = "export const text = new TextEncoder().encode(new URL('https://relay.example').href);";
  const { code: exit, stdout } = await run("tsc", plant([["relay/allowed.ts", code]]), "-p", ".");
  expect(exit, stdout).toBe(0);
});
