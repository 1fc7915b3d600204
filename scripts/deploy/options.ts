/** The command line of `npm run deploy`. */
import { SETTINGS } from "../../relay/config.ts";
import { readOptions } from "../shared/options.ts";
import { readSettings, SETTINGS_HELP, SETTINGS_OPTIONS } from "../shared/settings-option.ts";
import { UsageError } from "../shared/usage.ts";
import type { DeployOptions } from "./deployment.ts";

const HELP = `Usage: npm run deploy -- [options]

Deploys the relay and the aggregator to your Cloudflare account. First log in with npx wrangler login, or set
CLOUDFLARE_API_TOKEN. Creates the database and the queues if they are missing. You can run it again at any time: it
keeps the data, and the options and settings that you do not give. docs/operating.md is the guide.

  --name NAME        the name of the relay and of all that belongs to it (default tributary): one account can have
                     several relays
  --account ID       the account, if your login has several
  --location HINT    where the database and the relay's objects are created: ${SETTINGS.LOCATION.expected}
  --domain HOST      a custom domain for the relay, of a zone in this account. A DNS record of this name is replaced.
                     --domain= goes back to the workers.dev address
  --free             for the Workers Free plan: the relay alone, with counts that are gathered for a minute
  --paid             the opposite, after an upgrade
  --no-aggregator    the relay alone, without queues
  --aggregator       the opposite
  --dry-run          builds both Workers and sends nothing
  --rollback         goes back to the release that was deployed before
${SETTINGS_HELP}  --version          print the version
  --help             print this text

--var NAME= resets a setting to its default. RELAY_URL is set to the relay's address if you do not give it.
`;

interface DeployCommand {
  options: DeployOptions;
  settings: Record<string, string>;
  account: string | undefined;
  isDryRun: boolean;
  isRollback: boolean;
}

/** Returns what to do, or the text to print. */
export function readDeployOptions(args: string[], version: string): DeployCommand | string {
  const flag = { type: "boolean", default: false } as const;
  const text = { type: "string" } as const;
  const { values } = readOptions(args, {
    name: text,
    account: text,
    location: text,
    domain: text,
    free: flag,
    paid: flag,
    aggregator: flag,
    "no-aggregator": flag,
    "dry-run": flag,
    rollback: flag,
    ...SETTINGS_OPTIONS,
    version: flag,
    help: flag,
  });
  if (values.help) return HELP;
  if (values.version) return `tributary ${version}\n`;
  const isFree = eitherOf(values, "free", "paid");
  const hasAggregator = eitherOf(values, "aggregator", "no-aggregator");
  if (isFree === true && hasAggregator === true)
    throw new UsageError("--free deploys the relay alone: leave out --aggregator");
  if (values.rollback) assertNothingElse(values);
  const location = values.location === undefined ? [] : [`LOCATION=${values.location}`];
  const settings = readSettings({ ...values, var: [...values.var, ...location] });
  assertNoSecrets(settings, values.name);
  return {
    options: { name: readName(values.name), domain: readDomain(values.domain), isFree, hasAggregator },
    settings,
    account: readAccount(values.account),
    isDryRun: values["dry-run"],
    isRollback: values.rollback,
  };
}

/** Settings become variables, which wrangler prints and everybody who can open the dashboard can read. */
function assertNoSecrets(settings: Record<string, string>, name = "tributary"): void {
  for (const [secret, worker] of [
    ["RELAY_SECRET_KEY", `${name}-aggregator`],
    ["ALERT_WEBHOOK", name],
  ] as const)
    if ((settings[secret] ?? "") !== "")
      throw new UsageError(
        `${secret} is a secret: leave it out, and run npx wrangler secret put ${secret} --name ${worker}`,
      );
}

/** A rollback takes the settings and choices of the release before. */
function assertNothingElse(values: object): void {
  const others = Object.entries(values).filter(
    ([name, value]) =>
      !["rollback", "name", "account"].includes(name) && value !== false && String(value) !== "",
  );
  if (others.length > 0)
    throw new UsageError(
      `--rollback takes no other option than --name and --account: leave out --${others[0]?.[0]}`,
    );
}

function eitherOf<T extends string>(values: Record<T, boolean>, yes: T, no: T): boolean | undefined {
  if (values[yes] && values[no]) throw new UsageError(`--${yes} and --${no} exclude each other`);
  if (values[yes]) return true;
  return values[no] ? false : undefined;
}

/** The name is part of a hostname, and the longest suffix has 11 characters. */
function readName(name: string | undefined): string | undefined {
  if (name === undefined || /^[a-z][a-z0-9-]{0,50}[a-z0-9]$/.test(name)) return name;
  throw new UsageError(
    `--name is ${JSON.stringify(name)}, expected 2 to 52 lower-case letters, digits and hyphens`,
  );
}

function readDomain(domain: string | undefined): string | undefined {
  if (domain === undefined || domain === "" || /^([a-z0-9-]+\.)+[a-z0-9-]+$/.test(domain)) return domain;
  throw new UsageError(`--domain is ${JSON.stringify(domain)}, expected a hostname like relay.example`);
}

function readAccount(account: string | undefined): string | undefined {
  if (account === undefined || /^[0-9a-f]{32}$/.test(account)) return account;
  throw new UsageError(
    `--account is ${JSON.stringify(account)}, expected the 32 hex characters of an id: npx wrangler whoami lists them`,
  );
}
