/** `npm run deploy -- --rollback`, against an account that only pretends. */
import { expect, it } from "vitest";
import { rollBack } from "../../scripts/deploy/rollback.ts";
import { type Account, cloudflareAccount, deployTo as run } from "../fixtures/cloudflare-account.ts";

const rollback = async (account: Account) => {
  const said: string[] = [];
  const before = account.calls.length;
  await rollBack({ wrangler: account.wrangler, say: (line) => void said.push(line) });
  return { said, calls: account.calls.slice(before).filter((call) => call.startsWith("rollback")) };
};

it("goes back to the release before, the aggregator first", async () => {
  const account = cloudflareAccount();
  await run(account, { tag: "0.2.0" });
  await run(account, { tag: "0.3.0" });
  await run(account, { tag: "0.3.0", settings: { RELAY_NAME: "renamed" } });
  const { calls, said } = await rollback(account);
  expect(calls).toEqual([
    "rollback tributary-aggregator-1 --name tributary-aggregator --durable-objects-code-update-mode immediate --message back from 0.3.0 --yes",
    "rollback tributary-2 --name tributary --durable-objects-code-update-mode immediate --message back from 0.3.0 --yes",
  ]);
  expect(said).toEqual([
    "tributary-aggregator     0.3.0 -> 0.2.0",
    "tributary                0.3.0 -> 0.2.0",
  ]);
  expect(account.serving("tributary")?.tag).toBe("0.2.0");
});

it("goes back over a changed secret, which is not a release", async () => {
  const account = cloudflareAccount();
  await run(account, { tag: "0.2.0" });
  await run(account, { tag: "0.3.0" });
  account.putSecret("tributary");
  expect((await rollback(account)).said.at(-1)).toBe("tributary                0.3.0 -> 0.2.0");
  // The next deployment finds the settings.
  account.putSecret("tributary");
  await run(account, { tag: "0.4.0" });
  expect(account.serving("tributary")?.variables).toMatchObject({
    RELAY_URL: "wss://tributary.test.workers.dev",
  });
});

it("of a relay alone rolls back the relay", async () => {
  const account = cloudflareAccount();
  await run(account, { tag: "0.2.0", options: { isFree: true } });
  await run(account, { tag: "0.3.0" });
  expect((await rollback(account)).said).toEqual(["tributary                0.3.0 -> 0.2.0"]);
});

it("refuses a release that does not know the schema, and says what it would take", async () => {
  const account = cloudflareAccount();
  await run(account, { tag: "0.2.0", schema: "0011_emptying" });
  await run(account, { tag: "0.3.0", schema: "0012_next" });
  await run(account, { tag: "0.3.0", schema: "0012_next" });
  await expect(rollback(account)).rejects.toThrow(
    /^0\.2\.0 does not know the schema of 0\.3\.0 \(0012_next\).*; npx wrangler rollback tributary-2 --name tributary .*; npx wrangler d1 time-travel restore tributary --timestamp=2026-11-01T00:\d\d:59\.000Z\./,
  );
  expect(account.serving("tributary")?.tag).toBe("0.3.0");
});

it("says so when there is nothing to go back to", async () => {
  const account = cloudflareAccount();
  await run(account);
  await run(account);
  await expect(rollback(account)).rejects.toThrow(/^none of the last ten deployments of tributary/);
});
