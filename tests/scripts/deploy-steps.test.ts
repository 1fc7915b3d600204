/** The steps of `npm run deploy`, recorded against an account that only pretends. */
import { describe, expect, it } from "vitest";
import { deploy, dryRun } from "../../scripts/deploy/deployment.ts";
import { workerConfigs } from "../../scripts/deploy/worker-configs.ts";
import { CommandError } from "../../scripts/shared/usage.ts";
import { forAccount } from "../../scripts/shared/wrangler.ts";
import { cloudflareAccount, deployTo as run } from "../fixtures/cloudflare-account.ts";

const QUEUES = ["tributary-pulls", "tributary-events", "tributary-dead"];
const URL = "wss://tributary.test.workers.dev";
const PAID = 'DEPLOYED_WITH:{"isFree":false,"hasAggregator":true}';
const FREE = 'DEPLOYED_WITH:{"isFree":true,"hasAggregator":true}';
const ALONE = 'DEPLOYED_WITH:{"isFree":false,"hasAggregator":false}';

describe("a new account", () => {
  it("gets the relay, its own address, and then the aggregator", async () => {
    const account = cloudflareAccount({ databases: ["other"] });
    const { calls, said } = await run(account, { settings: { UPSTREAMS: "wss://relay.example" } });
    expect(calls).toEqual([
      "deployments list --name tributary --json",
      `deploy tributary UPSTREAMS:wss://relay.example ${PAID}`,
      `deploy tributary RELAY_URL:${URL} ${PAID}`,
      `deploy tributary-aggregator UPSTREAMS:wss://relay.example RELAY_URL:${URL}`,
    ]);
    expect(said).toEqual([
      "created      D1 Database tributary",
      "relay        https://tributary.test.workers.dev",
      `RELAY_URL    ${URL}`,
      ...QUEUES.map((queue) => `created      Queue ${queue}`),
      "aggregator   tributary-aggregator",
      `ready        ${URL}`,
    ]);
    expect(account.serving("tributary")).toMatchObject({
      tag: "0.2.0",
      message: "tributary 0.2.0, schema 0011",
      variables: { UPSTREAMS: "wss://relay.example", RELAY_URL: URL },
      config: { limits: { cpu_ms: 30_000 }, analytics_engine_datasets: [{ dataset: "tributary" }] },
    });
    expect(account.serving("tributary-aggregator")?.config).toMatchObject({ limits: { cpu_ms: 60_000 } });
  });

  it("gets the address that was given, and deploys the relay once", async () => {
    const { calls } = await run(cloudflareAccount(), { settings: { RELAY_URL: "wss://relay.example" } });
    expect(calls).toEqual([
      "deployments list --name tributary --json",
      `deploy tributary RELAY_URL:wss://relay.example ${PAID}`,
      "deploy tributary-aggregator RELAY_URL:wss://relay.example",
    ]);
  });

  it("gets its database where --location says", async () => {
    const account = cloudflareAccount();
    const { calls, said } = await run(account, { settings: { LOCATION: "weur" } });
    expect(calls[1]).toBe("d1 create tributary --location weur");
    expect(said[0]).toBe("database     tributary (created, location weur)");
    expect(account.serving("tributary")?.variables).toMatchObject({ LOCATION: "weur" });
    const again = await run(account, { settings: { LOCATION: "apac" } });
    expect(again.said[0]).toBe("database     tributary (exists, and stays where it is)");
    expect(again.calls.filter((call) => call.startsWith("d1"))).toEqual([]);
  });
});

describe("a second run", () => {
  it("keeps the settings and the address", async () => {
    const account = cloudflareAccount();
    await run(account, { settings: { UPSTREAMS: "wss://relay.example" } });
    const { calls, said } = await run(account);
    expect(calls).toEqual([
      "deployments list --name tributary --json",
      "versions view tributary-2 --name tributary --json",
      `deploy tributary RELAY_URL:${URL} ${PAID}`,
      `deploy tributary-aggregator UPSTREAMS:wss://relay.example RELAY_URL:${URL}`,
    ]);
    expect(said).toEqual([
      "relay        https://tributary.test.workers.dev",
      "aggregator   tributary-aggregator",
      `ready        ${URL}`,
    ]);
  });

  it("sets the address again when it is reset", async () => {
    const account = cloudflareAccount();
    await run(account, { settings: { RELAY_URL: "wss://old.example" } });
    await run(account, { settings: { RELAY_URL: "" } });
    expect(account.serving("tributary")?.variables).toMatchObject({ RELAY_URL: URL });
    expect(account.serving("tributary-aggregator")?.variables).toMatchObject({ RELAY_URL: URL });
  });

  it("prints no value of a setting", async () => {
    const settings = { ZIPKIN_URL: "https://user:password@zipkin.example/a b" };
    const { said } = await run(cloudflareAccount(), { settings });
    expect(said.join("\n")).not.toContain("password");
  });

  it("keeps the relay without an aggregator, and says that an earlier one goes on", async () => {
    const account = cloudflareAccount();
    await run(account, { settings: { UPSTREAMS: "wss://relay.example" } });
    const { calls, said } = await run(account, { options: { hasAggregator: false } });
    expect(calls.at(-1)).toBe(`deploy tributary RELAY_URL:${URL} ${ALONE}`);
    expect(said).toContain("upstreams    are not pulled without the aggregator");
    expect(said).toContain(
      "aggregator   the one of an earlier deployment goes on: npx wrangler delete tributary-aggregator",
    );
    const third = await run(account);
    expect(third.calls.at(-1)).toBe(`deploy tributary RELAY_URL:${URL} ${ALONE}`);
    const last = await run(account, { options: { hasAggregator: true } });
    expect(last.calls.at(-1)).toContain("deploy tributary-aggregator UPSTREAMS:wss://relay.example");
  });
});

describe("the Workers Free plan", () => {
  it("is recognised: the relay alone, which counts less often and stores less", async () => {
    const account = cloudflareAccount({ plan: "free" });
    const { calls, said } = await run(account, { settings: { UPSTREAMS: "wss://relay.example" } });
    expect(calls).toEqual([
      "deployments list --name tributary --json",
      `deploy tributary UPSTREAMS:wss://relay.example ${PAID}`,
      `deploy tributary UPSTREAMS:wss://relay.example COUNTS_INTERVAL:60 MAX_STORE_BYTES:500000000 HUB_REGIONS:one ${FREE}`,
      `deploy tributary RELAY_URL:${URL} COUNTS_INTERVAL:60 MAX_STORE_BYTES:500000000 HUB_REGIONS:one ${FREE}`,
    ]);
    expect(said).toEqual([
      "plan         this account is on the Workers Free plan: going on as with --free",
      "created      D1 Database tributary",
      "relay        https://tributary.test.workers.dev",
      `RELAY_URL    ${URL}`,
      "aggregator   not deployed: the Workers Free plan runs the relay alone",
      "upstreams    are not pulled without the aggregator",
      `ready        ${URL}`,
    ]);
    expect(account.queues).toEqual([]);
    expect(account.serving("tributary")?.config).not.toHaveProperty("limits");
  });

  it("is remembered, until --paid", async () => {
    const account = cloudflareAccount({ plan: "free" });
    await run(account, { options: { isFree: true } });
    const { calls } = await run(account);
    expect(calls.slice(2)).toEqual([`deploy tributary RELAY_URL:${URL} ${FREE}`]);
    account.changePlan("paid");
    await run(account, { options: { isFree: false } });
    expect(account.queues).toEqual(QUEUES);
    expect(account.serving("tributary")?.variables).toMatchObject({
      COUNTS_INTERVAL: "",
      MAX_STORE_BYTES: "",
    });
  });

  it("is not assumed against --paid", async () => {
    const account = cloudflareAccount({ plan: "free" });
    await expect(run(account, { options: { isFree: false } })).rejects.toThrow(/Free plan.*100328/);
  });

  it("keeps the interval that the operator chose", async () => {
    const account = cloudflareAccount({ plan: "free" });
    await run(account, { options: { isFree: true }, settings: { COUNTS_INTERVAL: "30" } });
    await run(account);
    expect(account.serving("tributary")?.variables).toMatchObject({ COUNTS_INTERVAL: "30" });
  });
});

it("an account without Analytics Engine: both Workers do without it", async () => {
  const account = cloudflareAccount({ hasAnalytics: false });
  const { calls, said } = await run(account);
  expect(calls.map((call) => call.split(" ").slice(0, 2).join(" "))).toEqual([
    "deployments list",
    "deploy tributary",
    "deploy tributary",
    "deploy tributary",
    "deploy tributary-aggregator",
  ]);
  expect(said.slice(0, 2)).toEqual([
    "analytics    Analytics Engine is not enabled on this account: going on without it",
    "             To have it, enable it at https://dash.cloudflare.com/account/workers/analytics-engine and deploy again",
  ]);
  for (const name of ["tributary", "tributary-aggregator"])
    expect(account.serving(name)?.config).not.toHaveProperty("analytics_engine_datasets");
});

it("an account without Analytics Engine on the Free plan: both are recognised", async () => {
  const account = cloudflareAccount({ hasAnalytics: false, plan: "free" });
  const { said } = await run(account);
  expect(said.filter((line) => /^(analytics|plan)/.test(line))).toHaveLength(2);
  expect(account.serving("tributary")?.variables).toMatchObject({ RELAY_URL: URL });
});

describe("a run that failed half way", () => {
  const failing = (command: string) => {
    let isDown = true;
    const refuse = (called: string) => {
      if (isDown && called.startsWith(command)) throw new CommandError(`${command} failed: no`);
    };
    return { account: cloudflareAccount({ refuse }), mend: () => void (isDown = false) };
  };

  it.each(["deploy tributary-aggregator", "deploy tributary", "deployments list", "d1 create"])(
    "at %s ends there, and goes on when run again",
    async (command) => {
      const { account, mend } = failing(command);
      const settings = { UPSTREAMS: "wss://relay.example", LOCATION: "weur" };
      await expect(run(account, { settings })).rejects.toThrow(`${command} failed: no`);
      expect(account.calls.at(-1)).toContain(command);
      mend();
      // The relay has kept its settings, or never had them.
      const isKept = account.serving("tributary") !== undefined;
      await run(account, { settings: isKept ? {} : settings });
      const wanted = { ...settings, RELAY_URL: URL };
      expect(account.serving("tributary")?.variables).toMatchObject(wanted);
      expect(account.serving("tributary-aggregator")?.variables).toMatchObject(wanted);
      expect(account.databases).toEqual(["tributary"]);
      expect(account.queues).toEqual(QUEUES);
    },
  );

  it("between the relay and its address sets the address", async () => {
    let left = 2;
    const refuse = (command: string) => {
      if (command === "deploy tributary" && (left -= 1) === 0) throw new CommandError("no");
    };
    const account = cloudflareAccount({ refuse });
    await expect(run(account)).rejects.toThrow("no");
    await run(account);
    expect(account.serving("tributary")?.variables).toMatchObject({ RELAY_URL: URL });
  });
});

describe("several relays in one account", () => {
  it("have databases, queues, datasets and aggregators of their own", async () => {
    const account = cloudflareAccount();
    await run(account);
    const { said } = await run(account, { options: { name: "my-relay" } });
    expect(said.at(-1)).toBe("ready        wss://my-relay.test.workers.dev");
    expect(account.databases).toEqual(["tributary", "my-relay"]);
    expect(account.queues).toEqual([...QUEUES, "my-relay-pulls", "my-relay-events", "my-relay-dead"]);
    expect(account.serving("my-relay-aggregator")?.config).toMatchObject({
      durable_objects: {
        bindings: [{ script_name: "my-relay" }, { script_name: "my-relay" }, { class_name: "LiveObject" }],
      },
      d1_databases: [{ binding: "DB", database_name: "my-relay", migrations_dir: "../migrations" }],
      analytics_engine_datasets: [{ dataset: "my_relay" }],
      queues: {
        consumers: [
          { queue: "my-relay-pulls", max_concurrency: 10 },
          { queue: "my-relay-events", max_concurrency: 2, dead_letter_queue: "my-relay-dead" },
          { queue: "my-relay-dead", max_concurrency: 1 },
        ],
      },
    });
    expect(account.serving("tributary")?.config.d1_databases).toMatchObject([{ database_name: "tributary" }]);
  });
});

describe("a custom domain", () => {
  it("is the relay's address, and stays until it is taken back", async () => {
    const account = cloudflareAccount();
    const { calls, said } = await run(account, { options: { domain: "relay.example" } });
    expect(calls.filter((call) => call.startsWith("deploy tributary "))).toHaveLength(1);
    expect(said).toContain("relay        https://relay.example");
    expect(said.at(-1)).toBe("ready        wss://relay.example");
    await run(account);
    expect(account.serving("tributary")).toMatchObject({
      config: { routes: [{ pattern: "relay.example", custom_domain: true }] },
      variables: { RELAY_URL: "wss://relay.example" },
    });
    await run(account, { options: { domain: "" } });
    expect(account.serving("tributary")?.config).not.toHaveProperty("routes");
    expect(account.serving("tributary-aggregator")?.variables).toMatchObject({ RELAY_URL: URL });
  });
});

describe("read replication", () => {
  const replication = ({ calls }: { calls: string[] }) =>
    calls.filter((call) => call.startsWith("replication"));

  it("is left alone if READ_REPLICAS was never on", async () => {
    const account = cloudflareAccount();
    await run(account);
    await run(account, { settings: { READ_REPLICAS: "off" } });
    expect(replication(account)).toEqual([]);
  });

  it("follows READ_REPLICAS, as the last step", async () => {
    const account = cloudflareAccount();
    const first = await run(account, { options: { name: "family" }, settings: { READ_REPLICAS: "on" } });
    expect(first.calls.at(-1)).toBe("replication family auto");
    expect(first.said.slice(-2)).toEqual([
      "ready        wss://family.test.workers.dev",
      "replicas     read replication is on",
    ]);
    expect(replication(await run(account, { options: { name: "family" } }))).toEqual([
      "replication family auto",
    ]);
    const off = await run(account, { options: { name: "family" }, settings: { READ_REPLICAS: "" } });
    expect(off.calls.at(-1)).toBe("replication family disabled");
    expect(off.said.at(-1)).toBe("replicas     read replication is off");
    expect(replication(await run(account, { options: { name: "family" } }))).toEqual([]);
  });

  it("that fails leaves both Workers deployed, and is tried again", async () => {
    let isDown = true;
    const refuse = (command: string) => {
      if (isDown && command.startsWith("replication")) throw new CommandError("no");
    };
    const account = cloudflareAccount({ refuse });
    await expect(run(account, { settings: { READ_REPLICAS: "on" } })).rejects.toThrow("no");
    for (const name of ["tributary", "tributary-aggregator"])
      expect(account.serving(name)?.variables).toMatchObject({ READ_REPLICAS: "on", RELAY_URL: URL });
    isDown = false;
    expect((await run(account)).said.at(-1)).toBe("replicas     read replication is on");
  });
});

it("all steps are for the account that was chosen", async () => {
  const account = cloudflareAccount();
  const wrangler = forAccount("a".repeat(32), account.wrangler);
  const release = { tag: "0.2.0", message: "" };
  await deploy({ ...account, wrangler, options: {}, settings: {}, release, say: () => undefined });
  expect(account.envs).toHaveLength(4);
  for (const env of account.envs) expect(env).toMatchObject({ CLOUDFLARE_ACCOUNT_ID: "a".repeat(32) });
});

it("a build on Cloudflare names the relay, and the aggregator uses that one's objects", () => {
  const { relay, aggregator, database } = workerConfigs({ isFree: false, hasAnalytics: true }, "chosen");
  expect({ database, names: [relay.name, aggregator.name] }).toEqual({
    database: "tributary",
    names: ["chosen", "chosen-aggregator"],
  });
  expect(aggregator.config).toMatchObject({
    durable_objects: {
      bindings: [{ script_name: "chosen" }, { script_name: "chosen" }, { class_name: "LiveObject" }],
    },
    d1_databases: [{ database_name: "tributary" }],
  });
});

it("a build on Cloudflare names only the relay", async () => {
  const account = cloudflareAccount();
  await run(account, { settings: { RELAY_URL: URL } });
  expect(account.envs).toEqual([
    {},
    {},
    { WRANGLER_CI_OVERRIDE_NAME: undefined, WRANGLER_CI_MATCH_TAG: undefined },
  ]);
});

it("a dry run sends nothing", async () => {
  const account = cloudflareAccount();
  const said: string[] = [];
  await dryRun({
    wrangler: account.wrangler,
    options: {},
    settings: {},
    say: (line) => void said.push(line),
  });
  expect(account.calls).toEqual(["deploy tributary --dry-run", "deploy tributary-aggregator --dry-run"]);
  expect(said).toEqual([
    "dry run      nothing is sent to Cloudflare",
    "database     tributary",
    ...QUEUES.map((queue) => `queue        ${queue}`),
    "relay        tributary, 345.67 KiB / gzip: 99.99 KiB",
    "aggregator   tributary-aggregator, 345.67 KiB / gzip: 99.99 KiB",
  ]);
});
