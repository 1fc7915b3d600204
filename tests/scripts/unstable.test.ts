/** The unstable functions of wrangler and Miniflare that the project uses. Check them when you update these packages. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as miniflare from "miniflare";
import { expect, test } from "vitest";
import * as wrangler from "wrangler";
import { miniflareOptionsOf, readRawConfig, workerOptionsOf } from "../../scripts/local/unstable.ts";
import { ROOT } from "../fixtures/program.ts";

const FILE = "local/unstable.ts";
const CONFIG = join(ROOT, "wrangler.toml");
const NAMES = [
  "experimental_readRawConfig",
  "unstable_readConfig",
  "unstable_getMiniflareWorkerOptions",
  "convertV4MiniflareOptions",
];

test.each(NAMES)("%s is still there", (name) => {
  expect({ ...wrangler, ...miniflare }[name as "unstable_readConfig"]).toBeTypeOf("function");
});

test(`scripts/${FILE} uses all of these and nothing else of the kind, and no other script does`, () => {
  const scripts = readdirSync(join(ROOT, "scripts"), { recursive: true, encoding: "utf8" }).filter((file) =>
    /\.[jt]s$/.test(file),
  );
  const used = new Map(
    scripts.map((file) => {
      const text = readFileSync(join(ROOT, "scripts", file), "utf8");
      return [file, new Set(text.match(/\b(?:(?:unstable|experimental|internal)_\w+|convertV4\w+)\b/g))];
    }),
  );
  expect(used.get(FILE)).toEqual(new Set(NAMES));
  expect([...used].filter(([file, names]) => file !== FILE && names.size > 0)).toEqual([]);
});

test("a configuration has the names that a deployment needs", () => {
  expect(readRawConfig(CONFIG).d1_databases?.[0]?.database_name).toBe("tributary");
  const { queues } = readRawConfig(join(ROOT, "aggregator", "wrangler.toml"));
  expect(queues?.producers.map(({ queue }) => queue)).toContain("tributary-pulls");
  expect(queues?.consumers.map(({ queue }) => queue)).toContain("tributary-events");
});

test("a Worker has its bindings and settings, in the names that Miniflare takes", () => {
  const worker = workerOptionsOf(CONFIG, { RELAY_NAME: "mine" });
  expect(worker).toMatchObject({
    name: "tributary",
    bindings: { RELAY_NAME: "mine" },
    durableObjects: { HUB: { className: "HubObject", useSQLite: true } },
    d1Databases: { DB: expect.anything() },
  });
  const script = { modules: [{ type: "ESModule", path: "main.js", contents: "" }] };
  const { workers } = miniflareOptionsOf({ workers: [{ ...worker, ...script }], cf: false });
  expect(workers).toMatchObject([{ config: { name: "tributary", env: { RELAY_NAME: { value: "mine" } } } }]);
});
