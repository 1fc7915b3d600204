import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { deploy } from "../../scripts/deployment.ts";
import { CommandError } from "../../scripts/usage.ts";
import { runWrangler, type Wrangler } from "../../scripts/wrangler.ts";
import { DATABASE_ID, startCloudflareApi } from "../fixtures/cloudflare-api.ts";
import { ROOT, startProgram } from "../fixtures/program.ts";

const QUEUES = ["tributary-pulls", "tributary-events", "tributary-dead"];
const GENERATED = [`${ROOT}wrangler.deploy.toml`, `${ROOT}aggregator/wrangler.deploy.toml`];
const ORIGINALS = [`${ROOT}wrangler.toml`, `${ROOT}aggregator/wrangler.toml`];

/** An account behind a wrangler that only pretends. `refuse` is called first, and may throw. */
function pretendedAccount(
  { databases, queues }: { databases: string[]; queues: string[] },
  refuse: Wrangler = async () => "",
) {
  const calls: string[] = [];
  const configs = new Map<string, string>();
  const said: string[] = [];
  const wrangler: Wrangler = async (args) => {
    calls.push(args.join(" ").replaceAll(ROOT, ""));
    const config = args[args.indexOf("-c") + 1] ?? "";
    if (args.includes("-c")) configs.set(config.replace(ROOT, ""), readFileSync(config, "utf8"));
    await refuse(args);
    const [first, second, name = ""] = args;
    switch (`${first} ${second}`) {
      case "d1 list":
        return JSON.stringify(databases.map((database) => ({ uuid: DATABASE_ID, name: database })));
      case "d1 create":
        databases.push(name);
        return "";
      case "queues info":
        if (queues.includes(name)) return `Queue Name: ${name}\n`;
        throw new CommandError(`wrangler queues info ${name} failed: Queue "${name}" does not exist.`);
      case "queues create":
        queues.push(name);
        return "";
      case "deploy -c":
        return "Uploaded\n  https://tributary.test.workers.dev\n";
      default:
        return "";
    }
  };
  const run = (settings: Record<string, string> = {}) =>
    deploy({ wrangler, settings, say: (line) => void said.push(line) });
  return { calls, configs, said, run };
}

const LAST_STEPS = [
  "d1 migrations apply tributary --remote -c wrangler.deploy.toml",
  "deploy -c wrangler.deploy.toml --keep-vars",
  "deploy -c aggregator/wrangler.deploy.toml --keep-vars",
];

const refusing =
  (command: string): Wrangler =>
  async (args) => {
    if (args.join(" ").startsWith(command)) throw new CommandError(`${command} failed: no`);
    return "";
  };

describe("the steps of a deployment", () => {
  it("creates everything on a fresh account, and deploys the relay before the aggregator", async () => {
    const account = pretendedAccount({ databases: ["other"], queues: [] });
    await account.run();
    expect(account.calls).toEqual([
      "d1 list --json",
      "d1 create tributary",
      "d1 list --json",
      ...QUEUES.flatMap((name) => [`queues info ${name}`, `queues create ${name}`]),
      ...LAST_STEPS,
    ]);
    expect(account.said).toEqual([
      "database     tributary (created)",
      ...QUEUES.map((name) => `queue        ${name} (created)`),
      "migrated     tributary",
      "relay        https://tributary.test.workers.dev",
      "aggregator   https://tributary.test.workers.dev",
    ]);
  });

  it("keeps what exists", async () => {
    const account = pretendedAccount({ databases: ["tributary"], queues: [...QUEUES] });
    await account.run();
    expect(account.calls).toEqual([
      "d1 list --json",
      ...QUEUES.map((name) => `queues info ${name}`),
      ...LAST_STEPS,
    ]);
    expect(account.said[0]).toBe("database     tributary (exists)");
    expect(GENERATED.filter((file) => existsSync(file))).toEqual([]);
  });

  it("goes on where an earlier run ended", async () => {
    const account = pretendedAccount({ databases: ["tributary"], queues: QUEUES.slice(0, 1) });
    await account.run();
    expect(account.calls.filter((call) => call.includes(" create "))).toEqual([
      "queues create tributary-events",
      "queues create tributary-dead",
    ]);
  });

  it("gives both Workers the account's database, and nothing else that differs", async () => {
    const account = pretendedAccount({ databases: ["tributary"], queues: [...QUEUES] });
    await account.run();
    const [relay = "", aggregator = ""] = ORIGINALS.map((file) => readFileSync(file, "utf8"));
    const placeholder = "00000000-0000-0000-0000-000000000000";
    expect([...account.configs]).toEqual([
      ["wrangler.deploy.toml", relay.replace(placeholder, DATABASE_ID)],
      ["aggregator/wrangler.deploy.toml", aggregator.replace(placeholder, DATABASE_ID)],
    ]);
  });

  it("passes settings on to both Workers, and prints no value", async () => {
    const account = pretendedAccount({ databases: ["tributary"], queues: [...QUEUES] });
    await account.run({ ZIPKIN_URL: "https://user:password@zipkin.example/a b", UPSTREAMS: "" });
    expect(account.calls.filter((call) => call.startsWith("deploy"))).toEqual(
      LAST_STEPS.slice(1).map(
        (step) => `${step} --var ZIPKIN_URL:https://user:password@zipkin.example/a b --var UPSTREAMS:`,
      ),
    );
    expect(account.said.join("\n")).not.toContain("password");
  });

  it.each([
    ["d1 create", 2],
    ["queues create tributary-events", 7],
    ["queues info tributary-dead", 8],
    ["d1 migrations apply", 10],
    ["deploy", 11],
  ])("ends at once when wrangler refuses %s", async (command, calls) => {
    const account = pretendedAccount({ databases: [], queues: [] }, refusing(command));
    await expect(account.run()).rejects.toThrow(`${command} failed: no`);
    expect(account.calls).toHaveLength(calls);
    expect(account.calls.at(-1)).toContain(command);
  });

  it.each(["d1 list", "d1 migrations apply", "deploy"])(
    "leaves the checkout as it was when wrangler refuses %s",
    async (command) => {
      const before = ORIGINALS.map((file) => readFileSync(file, "utf8"));
      const account = pretendedAccount({ databases: [], queues: [] }, refusing(command));
      await expect(account.run()).rejects.toThrow(command);
      expect(ORIGINALS.map((file) => readFileSync(file, "utf8"))).toEqual(before);
      expect(GENERATED.filter((file) => existsSync(file))).toEqual([]);
    },
  );

  it.each([
    ["no JSON", "You are not logged in", /no JSON.*not logged in/],
    ["no list", "{}", /no list/],
    ["no id", '[{"name":"tributary"}]', /no uuid/],
  ])("does not take %s for an account without a database", async (_case, output, message) => {
    const calls: string[][] = [];
    const wrangler: Wrangler = async (args) => {
      calls.push(args);
      return output;
    };
    await expect(deploy({ wrangler, settings: {}, say: () => undefined })).rejects.toThrow(message);
    expect(calls).toHaveLength(1);
  });
});

describe("with wrangler itself", () => {
  it("both configurations build as they would be deployed", async () => {
    const outdir = mkdtempSync(join(tmpdir(), "tributary-deploy-"));
    try {
      const account = pretendedAccount({ databases: ["tributary"], queues: [...QUEUES] }, async (args) => {
        if (args[0] !== "deploy") return "";
        const name = args.some((arg) => arg.includes("aggregator")) ? "aggregator" : "relay";
        return runWrangler([...args, "--dry-run", "--outdir", join(outdir, name)]);
      });
      await account.run({ UPSTREAMS: "wss://relay.example" });
      for (const name of ["relay", "aggregator"]) {
        expect(existsSync(join(outdir, name, "main.js"))).toBe(true);
      }
    } finally {
      rmSync(outdir, { recursive: true });
    }
  });

  it("deploys to an account that is empty, and again", async () => {
    await using api = await startCloudflareApi();
    const run = (...args: string[]) =>
      startProgram(process.execPath, [`${ROOT}scripts/deploy.ts`, ...args], { cwd: tmpdir(), env: api.env })
        .ended;

    const first = await run("--upstream", "wss://relay.example", "--var", "RELAY_NAME=Test: a relay");
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout).toContain("database     tributary (created)\n");
    expect(first.stdout).toContain("relay        https://tributary.test.workers.dev\n");
    expect(first.stdout).toContain("aggregator   deployed\n");
    expect(api.databases).toEqual([{ uuid: DATABASE_ID, name: "tributary" }]);
    expect(api.queues).toEqual(QUEUES);
    expect(api.sql.some((sql) => sql.includes("CREATE TABLE event ("))).toBe(true);
    expect([...api.uploads.keys()]).toEqual(["tributary", "tributary-aggregator"]);
    for (const { bindings, keep_bindings } of api.uploads.values()) {
      expect(bindings).toContainEqual({ type: "d1", name: "DB", id: DATABASE_ID });
      expect(bindings).toContainEqual({
        type: "plain_text",
        name: "UPSTREAMS",
        text: "wss://relay.example",
      });
      expect(bindings).toContainEqual({ type: "plain_text", name: "RELAY_NAME", text: "Test: a relay" });
      expect(keep_bindings).toContain("plain_text");
    }
    expect(api.uploads.get("tributary-aggregator")?.bindings).toContainEqual(
      expect.objectContaining({ name: "SWITCHBOARD", script_name: "tributary" }),
    );
    expect(api.schedules).toEqual([[{ cron: "* * * * *" }], [{ cron: "* * * * *" }]]);
    expect(api.consumers).toEqual([
      { queue: "tributary-pulls", script: "tributary-aggregator" },
      { queue: "tributary-events", script: "tributary-aggregator" },
    ]);

    const second = await run();
    expect(second).toMatchObject({ code: 0, stderr: "" });
    expect(second.stdout).toContain("database     tributary (exists)\n");
    for (const name of QUEUES) expect(second.stdout).toContain(`queue        ${name} (exists)\n`);
    expect({ databases: api.databases.length, queues: api.queues }).toEqual({ databases: 1, queues: QUEUES });
  });

  it("says in one line what wrangler refused", async () => {
    const args = [`${ROOT}scripts/deploy.ts`, "--var", "ZIPKIN_URL=https://user:password@zipkin.example"];
    const env = { CLOUDFLARE_API_BASE_URL: "http://127.0.0.1:9", CLOUDFLARE_API_TOKEN: "a-token-for-tests" };
    const { code, stdout, stderr } = await startProgram(process.execPath, args, { cwd: tmpdir(), env }).ended;
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^wrangler d1 list failed: [^\n]+\n$/);
    expect(stderr).not.toMatch(/password|a-token-for-tests/);
  });
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
      new CommandError(`wrangler deploy failed: it said nothing, and ended with ${end}`),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});

describe("npm run deploy, called wrongly", () => {
  it.each([
    ["--var", "NOPE=1", "NOPE"],
    ["--var", "RELAY_NAME", "NAME=VALUE"],
    ["--var", "MAX_LIMIT=many", "MAX_LIMIT"],
    ["--upstream", "https://relay.example", "UPSTREAMS"],
    ["--loud", "x", "--loud"],
  ])("%s %s ends with 2 and one line", async (option, value, says) => {
    const args = [`${ROOT}scripts/deploy.ts`, option, value];
    const { code, stdout, stderr } = await startProgram(process.execPath, args, { cwd: ROOT }).ended;
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(says);
    expect(stderr.trimEnd()).not.toContain("\n");
  });

  it("--help tells of every option", () => {
    const help = execFileSync(process.execPath, [`${ROOT}scripts/deploy.ts`, "--help"], { encoding: "utf8" });
    for (const option of ["--upstream", "--var", "--help"]) expect(help).toContain(`  ${option} `);
  });
});
