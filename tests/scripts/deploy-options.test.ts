/** The command line of `npm run deploy`. */
import { expect, it } from "vitest";
import { readDeployOptions } from "../../scripts/deploy/options.ts";
import { SECRET_HEX } from "../fixtures/author.ts";
import { UsageError } from "../../scripts/shared/usage.ts";

it("has an option for each choice", () => {
  const args = "--name my-relay --location weur --domain relay.example --no-aggregator --var RELAY_NAME=mine";
  expect(readDeployOptions(args.split(" "), "")).toEqual({
    options: { name: "my-relay", domain: "relay.example", isFree: undefined, hasAggregator: false },
    settings: { RELAY_NAME: "mine", LOCATION: "weur" },
    account: undefined,
    isDryRun: false,
    isRollback: false,
  });
});

it.each([
  ["--var NOPE=1", "NOPE"],
  ["--var RELAY_NAME", "NAME=VALUE"],
  ["--var MAX_LIMIT=many", "MAX_LIMIT"],
  ["--upstream https://relay.example", "--upstream is"],
  ["--loud x", "--loud"],
  ["--location mars", 'LOCATION is "mars", expected wnam or'],
  ["--name My_Relay", '--name is "My_Relay", expected'],
  ["--name x", "--name is"],
  ["--domain https://relay.example", "--domain is"],
  ["--account me", '--account is "me", expected'],
  ["--free --paid", "--free and --paid exclude each other"],
  ["--aggregator --no-aggregator", "exclude each other"],
  ["--free --aggregator", "--free deploys the relay alone"],
  ["--rollback --free", "--rollback takes no other option than --name and --account: leave out --free"],
  ["--rollback --var RELAY_NAME=x", "leave out --var"],
])("%s is refused", (args, says) => {
  const read = () => readDeployOptions(args.split(" "), "");
  expect(read).toThrow(UsageError);
  expect(read).toThrow(says);
});

it("a secret key is no setting of a deployment, and the refusal does not show it", () => {
  const args = ["--name", "family", "--var", `RELAY_SECRET_KEY=${SECRET_HEX}`];
  const read = () => readDeployOptions(args, "");
  expect(read).toThrow("run npx wrangler secret put RELAY_SECRET_KEY --name family-aggregator");
  expect(read).not.toThrow(SECRET_HEX);
  const webhook = "https://hooks.example/hunter2";
  const readWebhook = () => readDeployOptions(["--var", `ALERT_WEBHOOK=${webhook}`], "");
  expect(readWebhook).toThrow("run npx wrangler secret put ALERT_WEBHOOK --name tributary");
  expect(readWebhook).not.toThrow("hunter2");
  expect(readDeployOptions(["--var", "RELAY_SECRET_KEY="], "")).toMatchObject({
    settings: { RELAY_SECRET_KEY: "" },
  });
});

it("--help tells of every option", () => {
  const help = readDeployOptions(["--help"], "");
  const own = ["name", "account", "location", "domain", "free", "paid", "no-aggregator", "aggregator"];
  for (const option of [...own, "dry-run", "rollback", "upstream", "var", "config", "version", "help"])
    expect(help).toContain(`  --${option} `);
});
