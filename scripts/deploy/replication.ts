/** Turns read replication of a D1 database on and off. wrangler has no command for it, so this calls Cloudflare's API. */
import { oneLine } from "../shared/printing.ts";
import { CommandError, messageOf } from "../shared/usage.ts";
import type { Wrangler } from "../shared/wrangler.ts";

export type ReplicationMode = "auto" | "disabled";

/** Rejects with a `CommandError` that says what to do by hand. */
export type SetReplication = (database: string, mode: ReplicationMode) => Promise<void>;

interface ReplicationDeps {
  wrangler: Wrangler;
  /** Undefined: the only account of the login. */
  account: string | undefined;
  /** The address of Cloudflare's API, if it is another. */
  baseUrl: string | undefined;
}

/** As `wrangler auth token --json` prints it. */
type Credentials = { token: string } | { key: string; email: string };

/** As Cloudflare's API answers. */
interface Answer {
  success: boolean;
  errors?: { code: number; message: string }[];
  result: unknown;
}

type Call = (path: string, init?: RequestInit) => Promise<unknown>;

const API = "https://api.cloudflare.com/client/v4";
/** An API that does not answer must not hold up what is deployed already. */
const LONGEST_MILLISECONDS = 30_000;

export function createSetReplication({ wrangler, account, baseUrl = API }: ReplicationDeps): SetReplication {
  return async (database, mode) => {
    try {
      const call = callerOf(baseUrl, await readCredentials(wrangler));
      const databases = `/accounts/${account ?? (await onlyAccount(call))}/d1/database`;
      // https://developers.cloudflare.com/api/resources/d1/subresources/database/methods/update/
      const { uuid } = (await call(`${databases}/${database}`)) as { uuid: string };
      const body = JSON.stringify({ read_replication: { mode } });
      await call(`${databases}/${uuid}`, { method: "PUT", body });
    } catch (error) {
      throw new CommandError(
        `everything is deployed, but read replication of the database could not be turned ${mode === "auto" ? "on" : "off"} (${messageOf(error)}): do it in the dashboard, under D1, ${database}, Settings`,
      );
    }
  };
}

/** Only with --json does wrangler keep the token out of its log files. No message here may quote the output. */
async function readCredentials(wrangler: Wrangler): Promise<Credentials> {
  const output = await wrangler(["auth", "token", "--json"]);
  try {
    const printed = JSON.parse(output) as Record<string, unknown>;
    const { token, key, email } = printed;
    if (isHeaderValue(token)) return { token };
    if (isHeaderValue(key) && isHeaderValue(email)) return { key, email };
  } catch {
    // The error would quote the output.
  }
  throw new CommandError("wrangler auth token did not print a token");
}

function isHeaderValue(value: unknown): value is string {
  return typeof value === "string" && /^[\x20-\x7e]+$/.test(value);
}

function callerOf(baseUrl: string, credentials: Credentials): Call {
  const authorization =
    "token" in credentials
      ? { authorization: `Bearer ${credentials.token}` }
      : { "x-auth-key": credentials.key, "x-auth-email": credentials.email };
  const headers = { ...authorization, "content-type": "application/json" };
  return async (path, init = {}) => {
    const signal = AbortSignal.timeout(LONGEST_MILLISECONDS);
    const response = await fetch(`${baseUrl}${path}`, { ...init, headers, signal });
    const answer = (await response.json().catch(() => undefined)) as Answer | undefined;
    if (answer?.success) return answer.result;
    const errors = answer?.errors?.map(({ code, message }) => `${message} [code: ${code}]`) ?? [];
    throw new CommandError(oneLine([`Cloudflare answered ${response.status}`, ...errors].join(": ")));
  };
}

async function onlyAccount(call: Call): Promise<string> {
  const accounts = (await call("/accounts")) as { id: string }[];
  const [first, ...others] = accounts;
  if (first && others.length === 0) return first.id;
  throw new CommandError("your login has several Cloudflare accounts: choose one with --account");
}
