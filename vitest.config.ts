import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

const migrations = await readD1Migrations("migrations");

const MEASURED = "tests/e2e/hostile.test.ts";

export default defineConfig({
  test: {
    // More than there may be processors: many tests wait.
    maxWorkers: 3,
    projects: [
      {
        // Runs on Node, Bun and Deno alike: everything that knows no platform.
        test: {
          name: "portable",
          include: [
            "{nostr,store,relay,http,telemetry,aggregator}/**/*.test.ts",
            "tests/{portable,nips}/**/*.test.ts",
          ],
          testTimeout: 120_000,
        },
      },
      {
        // Inside workerd, with the relay's own wrangler.toml.
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            // Few connections fill all hubs.
            miniflare: { bindings: { TEST_MIGRATIONS: migrations, HUB_CAPACITY: "2", MAX_HUBS: "4" } },
          }),
        ],
        test: {
          name: "relay",
          include: ["tests/workerd/relay/**/*.test.ts"],
          setupFiles: ["tests/workerd/migrate.ts"],
          testTimeout: 60_000,
        },
      },
      {
        // Real programs, started as a user starts them. Many of these tests wait, for the minute's Cron above all.
        test: {
          name: "e2e",
          include: ["tests/{scripts,e2e}/**/*.test.ts"],
          exclude: [MEASURED],
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
      {
        // One program at a time, and nothing beside it: here it matters how long an answer takes.
        test: {
          name: "alone",
          include: [MEASURED],
          testTimeout: 300_000,
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
