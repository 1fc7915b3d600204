/** The size of the bundles. Every isolate, also that of each hub, parses and runs its Worker's whole bundle first. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { bundle } from "../../scripts/shared/bundle.ts";
import { ROOT } from "../fixtures/program.ts";

/** Bytes, as last measured. If a change makes a bundle a tenth larger, look again, and then write the new number here. */
const MEASURED: [config: string, bytes: number][] = [
  ["wrangler.toml", 722_000],
  ["aggregator/wrangler.toml", 520_000],
];

test.each(MEASURED)("the bundle of %s is no tenth larger than %i bytes", async (config, bytes) => {
  const modules = await bundle(config);
  const size = modules.reduce((sum, { contents }) => sum + Buffer.byteLength(contents), 0);
  expect(size).toBeLessThan(1.1 * bytes);
});

/** What each Worker loads at its start: not OpenTelemetry, and the relay not drizzle, which the first management call loads. */
const AT_START: [main: string, packages: string[]][] = [
  [
    "worker/main.ts",
    [
      "@noble/curves",
      "@noble/hashes",
      "hono",
      "ipaddr.js",
      "nostr-tools",
      "preact",
      "preact-render-to-string",
      "tinyqueue",
    ],
  ],
  [
    "aggregator/main.ts",
    ["@noble/curves", "@noble/hashes", "drizzle-orm", "ipaddr.js", "nostr-tools", "tinyqueue"],
  ],
];

test.each(AT_START)("%s starts with these packages alone", (main, packages) => {
  const imported = importedBy(join(ROOT, main)).filter((name) => !/^(?:node|cloudflare):/.test(name));
  const found = new Set(imported.map((name) => /^(?:@[^/]+\/)?[^/]+/.exec(name)?.[0]));
  expect(found).toEqual(new Set(packages));
});

/** Returns the packages that a file loads at its start. */
function importedBy(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const statements = readFileSync(file, "utf8").matchAll(
    /^(?:import|export) (?!type )[^;]*?from "([^"]+)"/gm,
  );
  return [...statements].flatMap(([, name = ""]) => {
    if (!name.startsWith(".")) return [name];
    return /\.tsx?$/.test(name) ? importedBy(join(dirname(file), name), seen) : [];
  });
}
