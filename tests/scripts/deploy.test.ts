/** `npm run deploy` with wrangler itself, against as much of Cloudflare's API as it calls. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { currentVersion } from "../../scripts/deploy/deployed.ts";
import { deploy, dryRun } from "../../scripts/deploy/deployment.ts";
import { thisRelease } from "../../scripts/deploy/release.ts";
import { createSetReplication } from "../../scripts/deploy/replication.ts";
import { CommandError } from "../../scripts/shared/usage.ts";
import { runWrangler, type Wrangler } from "../../scripts/shared/wrangler.ts";
import { type CloudflareApi, DATABASE_ID, startCloudflareApi } from "../fixtures/cloudflare-api.ts";
import { ROOT } from "../fixtures/program.ts";

const QUEUES = ["tributary-pulls", "tributary-events", "tributary-dead"];

/** Runs a deployment with wrangler itself. Returns what it said. */
async function run(api: CloudflareApi, settings: Record<string, string> = {}): Promise<string[]> {
  const said: string[] = [];
  const wrangler: Wrangler = (args, env) => runWrangler(args, { ...api.env, ...env });
  const release = await thisRelease();
  const setReplication = replicationOf(api);
  const say = (line: string) => void said.push(line);
  await deploy({ wrangler, setReplication, options: {}, settings, release, say });
  return said;
}

function replicationOf({ env }: Pick<CloudflareApi, "env">) {
  const wrangler: Wrangler = (args, changed) => runWrangler(args, { ...env, ...changed });
  return createSetReplication({ wrangler, account: "account", baseUrl: env["CLOUDFLARE_API_BASE_URL"] });
}

/** Each start of wrangler takes a second or two: the steps of all other cases are recorded in deploy-steps.test.ts. */
describe.concurrent("with wrangler itself", () => {
  it("builds both Workers as they would be deployed, without an account", async () => {
    const said: string[] = [];
    const home = mkdtempSync(join(tmpdir(), "tributary-deploy-"));
    const nobody = { HOME: home, XDG_CONFIG_HOME: home, CLOUDFLARE_API_TOKEN: "" };
    try {
      await dryRun({
        wrangler: (args, env) => runWrangler(args, { ...nobody, ...env }),
        options: { name: "my-relay" },
        settings: {},
        say: (line) => void said.push(line),
      });
      expect(said).toContainEqual(expect.stringMatching(/^relay {8}my-relay, \d+\.\d+ KiB \/ gzip: /));
      expect(said).toContainEqual(
        expect.stringMatching(/^aggregator {3}my-relay-aggregator, \d+\.\d+ KiB \/ gzip: /),
      );
    } finally {
      rmSync(home, { recursive: true });
    }
  });

  it("deploys to an account that is empty, and finds what it has deployed", async () => {
    await using api = await startCloudflareApi();
    const settings = { UPSTREAMS: "wss://relay.example", RELAY_NAME: "Test: a relay" };
    const address = "wss://tributary.test.workers.dev";
    expect(await run(api, settings)).toEqual([
      "created      D1 Database tributary",
      "relay        https://tributary.test.workers.dev",
      `RELAY_URL    ${address}`,
      ...QUEUES.map((queue) => `created      Queue ${queue}`),
      "aggregator   tributary-aggregator",
      `ready        ${address}`,
    ]);
    expect(api.databases).toEqual([{ uuid: DATABASE_ID, name: "tributary" }]);
    expect(api.queues).toEqual(QUEUES);
    expect([...api.uploads.keys()]).toEqual(["tributary", "tributary-aggregator"]);
    const variables = Object.entries({ ...settings, RELAY_URL: address });
    for (const {
      bindings,
      keep_bindings: kept,
      observability,
      limits,
      annotations,
    } of api.uploads.values()) {
      expect(bindings).toContainEqual(expect.objectContaining({ name: "DB" }));
      for (const [name, text] of variables)
        expect(bindings).toContainEqual({ type: "plain_text", name, text });
      expect(kept).toContain("plain_text");
      expect(observability).toMatchObject({ enabled: true, logs: { invocation_logs: false } });
      expect(limits).toEqual({ cpu_ms: expect.any(Number) });
      expect(annotations?.["workers/tag"]).toMatch(/^\d+\.\d+\.\d+/);
    }
    expect(api.uploads.get("tributary-aggregator")?.bindings).toContainEqual(
      expect.objectContaining({ name: "SWITCHBOARD", script_name: "tributary" }),
    );
    expect(api.schedules).toContainEqual([{ cron: "* * * * *" }]);
    expect(api.consumers).toEqual([
      { queue: "tributary-pulls", script: "tributary-aggregator", concurrency: 10 },
      { queue: "tributary-events", script: "tributary-aggregator", concurrency: 2 },
      { queue: "tributary-dead", script: "tributary-aggregator", concurrency: 1 },
    ]);
    // Each brings its own tables along.
    expect(api.uploads.get("tributary")?.modules).toContainEqual(expect.stringMatching(/0001_events\.sql$/));
    const { paths, missing } = api.assets.get("tributary") ?? {};
    expect(paths).toContain("/assets/style.css");
    expect(missing).toEqual(new Set());

    const wrangler: Wrangler = (args) => runWrangler(args, api.env);
    const found = await currentVersion("tributary", wrangler);
    expect(found).toMatchObject({
      tag: expect.stringMatching(/^\d+\.\d+\.\d+/),
      message: expect.stringMatching(/schema \d{4}_/),
      variables: Object.fromEntries(variables),
    });
  });

  it("turns read replication on and off, with the token of wrangler", async () => {
    await using api = await startCloudflareApi();
    api.databases.push({ uuid: DATABASE_ID, name: "tributary" });
    for (const mode of ["auto", "disabled"] as const) {
      await replicationOf(api)("tributary", mode);
      expect(api.databases).toEqual([{ uuid: DATABASE_ID, name: "tributary", read_replication: { mode } }]);
    }
    expect(api.authorization).toBe("Bearer a-token-for-tests");
  });

  it("says what to do by hand if read replication cannot be turned on", async () => {
    await using api = await startCloudflareApi();
    const failed = replicationOf(api)("tributary", "auto");
    await expect(failed).rejects.toThrow(CommandError);
    await expect(failed).rejects.toThrow(
      /^everything is deployed, but read replication .* not be turned on \(Cloudflare answered 404: .*code: 7404\]\): do it in the dashboard, under D1, tributary, Settings$/,
    );
  });

  it("says in one line which accounts there are", async () => {
    await using api = await startCloudflareApi();
    api.accounts.push({ id: "other", name: "Other" });
    const cache = mkdtempSync(join(tmpdir(), "tributary-deploy-"));
    try {
      const env = { ...api.env, CLOUDFLARE_ACCOUNT_ID: "", WRANGLER_CACHE_DIR: cache };
      // In CI, wrangler keeps the names to itself.
      await expect(run({ ...api, env })).rejects.toThrow(
        /^your login has several Cloudflare accounts, choose one with --account ID: account \(.*\), other \(.*\)$/,
      );
    } finally {
      rmSync(cache, { recursive: true });
    }
  });
});

describe("read replication, with credentials that wrangler is said to print", () => {
  const given = (api: CloudflareApi, printed: string, account?: string) =>
    createSetReplication({
      wrangler: async (args) => {
        expect(args).toEqual(["auth", "token", "--json"]);
        return printed;
      },
      account,
      baseUrl: api.env["CLOUDFLARE_API_BASE_URL"],
    });

  it("finds the only account", async () => {
    await using api = await startCloudflareApi();
    api.databases.push({ uuid: DATABASE_ID, name: "tributary" });
    await given(api, '{"type":"oauth","token":"of the login"}')("tributary", "auto");
    expect(api.databases[0]?.read_replication).toEqual({ mode: "auto" });
    expect(api.authorization).toBe("Bearer of the login");
    api.accounts.push({ id: "other", name: "Other" });
    await expect(given(api, '{"token":"of the login"}')("tributary", "auto")).rejects.toThrow(
      /choose one with --account/,
    );
  });

  it("takes a key too", async () => {
    await using api = await startCloudflareApi();
    api.databases.push({ uuid: DATABASE_ID, name: "tributary" });
    await given(
      api,
      '{"type":"api_key","key":"k","email":"e@relay.example"}',
      "account",
    )("tributary", "auto");
    expect(api.databases[0]?.read_replication).toEqual({ mode: "auto" });
    expect(api.authorization).toBeUndefined();
  });

  it("never quotes them", async () => {
    await using api = await startCloudflareApi();
    for (const printed of [
      'the token is "secret"',
      '{"token":"secret"}',
      '{"token":"sec\\nret"}',
      '"secret"',
      "{}",
    ]) {
      const error: unknown = await given(api, printed, "account")("tributary", "auto").catch(String);
      expect(error).toMatch(/everything is deployed, but/);
      expect(error).not.toMatch(/sec.?ret/s);
    }
  });
});

it("leaves no configuration behind", () => {
  const left = [ROOT, `${ROOT}aggregator`].flatMap((folder) => readdirSync(folder));
  expect(left.filter((file) => file.startsWith(`wrangler.deploy-${process.pid}-`))).toEqual([]);
});

it.each([
  ["process.exit(3)", "3"],
  ['process.kill(process.pid, "SIGKILL")', "SIGKILL"],
])("repeats no value when wrangler ends by %s and says nothing", async (code, end) => {
  const folder = mkdtempSync(join(tmpdir(), "tributary-deploy-"));
  try {
    const mute = join(folder, "mute.cjs");
    writeFileSync(mute, code);
    const args = ["deploy", "--var", "ZIPKIN_URL:https://user:password@zipkin.example"];
    await expect(runWrangler(args, { NODE_OPTIONS: `--require=${mute}` })).rejects.toThrow(
      new CommandError(`wrangler deploy failed: it printed nothing and ended with ${end}`),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
