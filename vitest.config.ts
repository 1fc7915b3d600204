import { cloudflareTest, readD1Migrations } from "@cloudflare/vitest-plugin";
import { defineConfig } from "vitest/config";

/** A busy machine may stop a program for longer than a test waits. The summary lists a test that passed only then as flaky. */
const RETRIES = 1;
const { SERVED_BY = "" } = process.env;
const migrations = await readD1Migrations("migrations");

export default defineConfig({
  test: {
    // More than there may be processors: many tests wait.
    maxWorkers: 6,
    projects: [
      {
        // Runs on Node, Bun and Deno alike: everything that knows no platform.
        test: {
          name: "portable",
          include: [
            "{nostr,store,relay,web,http,telemetry,aggregator,server}/**/*.test.ts",
            "tests/{portable,nips}/**/*.test.ts",
          ],
          setupFiles: ["tests/fixtures/seed.ts"],
          globalSetup: ["wasm/build.js"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        // The protocol over a store of four databases. Only what a client could notice is repeated.
        test: {
          name: "shards",
          include: [
            "tests/nips/*.test.ts",
            "relay/session/{count,hub,reconcile,request,settling}.test.ts",
            "tests/portable/{delivery,lost-answers,moderation-model,readers}.test.ts",
          ],
          setupFiles: ["tests/fixtures/seed.ts"],
          env: { SHARDS: "4" },
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        // The protocol over WebSockets, with a started relay for each test: of SERVED_BY, or a few tests on Node.
        test: {
          name: "sockets",
          include: [SERVED_BY ? "tests/nips/*.test.ts" : "tests/nips/nip{42,59}.test.ts"],
          setupFiles: ["tests/fixtures/seed.ts", "tests/fixtures/end-host.ts"],
          globalSetup: ["wasm/build.js", "web/build.js"],
          env: { OVER_SOCKETS: SERVED_BY || "node" },
          // Each of its relays is a process of workerd.
          ...(SERVED_BY === "workerd" && { maxWorkers: 2 }),
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
      {
        // Inside workerd, with the relay's own wrangler.toml.
        plugins: [
          cloudflareTest({
            wrangler: { configPath: "./wrangler.toml" },
            // Few connections fill all hubs.
            miniflare: {
              bindings: {
                TEST_MIGRATIONS: migrations,
                COUNTS_INTERVAL: "1",
                HUB_CAPACITY: "2",
                MAX_HUBS: "4",
                MAX_CONNECTIONS: "1",
                READ_REPLICAS: "on",
                SPEND_LIMIT: "100",
              },
            },
          }),
        ],
        test: {
          name: "relay",
          include: ["tests/workerd/relay/**/*.test.ts", "platforms/*.test.ts"],
          setupFiles: ["tests/workerd/migrate.ts"],
          globalSetup: ["wasm/build.js", "web/build.js"],
          testTimeout: 60_000,
        },
      },
      {
        // Real programs, started as a user starts them. Many of these tests wait.
        test: {
          name: "e2e",
          retry: RETRIES,
          include: ["tests/{scripts,e2e,clients}/*.test.ts"],
          globalSetup: ["tests/install.js"],
          // It is written for bundlers: Node does not find its files.
          server: { deps: { inline: [/@snort\//] } },
          testTimeout: 300_000,
          hookTimeout: 120_000,
        },
      },
      {
        // The pages in headless Chromium.
        test: {
          name: "web",
          retry: RETRIES,
          include: ["tests/web/*.test.ts"],
          globalSetup: ["tests/install.js"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          // A page on a busy machine may take more than the second that is the default.
          expect: { poll: { timeout: 60_000 } },
        },
      },
      {
        // After all others: here it matters how long an answer takes. Attacks of two groups at a time, unless it is measured.
        test: {
          name: "attacks",
          retry: RETRIES,
          include: ["tests/e2e/attacks/*.test.ts"],
          globalSetup: ["tests/e2e/attacks/stored-state.ts"],
          testTimeout: 300_000,
          maxWorkers: process.env["ATTACKS"] ? 1 : 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
