/**
 * The SQL API of Analytics Engine. It answers with JSON of ClickHouse, in which large numbers are text.
 * https://developers.cloudflare.com/analytics/analytics-engine/sql-api/
 */
import { oneLine } from "../shared/printing.ts";
import { CommandError, messageOf, UsageError } from "../shared/usage.ts";

export interface Point {
  /** Unix seconds. */
  time: number;
  label: string;
  value: number;
}

const API = "https://api.cloudflare.com/client/v4";
const LONGEST_MILLISECONDS = 30_000;

export interface Account {
  id: string;
  token: string;
  api: string;
}

/** Reads the account from the environment, as wrangler does. */
export function accountOf(env: Partial<Record<string, string>>): Account {
  const { CLOUDFLARE_ACCOUNT_ID: id = "", CLOUDFLARE_API_TOKEN: token = "" } = env;
  if (!/^\w+$/.test(id) || token === "")
    throw new UsageError(
      "set CLOUDFLARE_ACCOUNT_ID, and CLOUDFLARE_API_TOKEN to a token with the permission Account Analytics: Read",
    );
  return { id, token, api: env["CLOUDFLARE_API_BASE_URL"] ?? API };
}

/** Asks for the columns `t`, `label` and `value`. */
export async function ask({ id, token, api }: Account, sql: string): Promise<Point[]> {
  const response = await fetch(`${api}/accounts/${id}/analytics_engine/sql`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: sql,
    signal: AbortSignal.timeout(LONGEST_MILLISECONDS),
  }).catch((error: unknown) => {
    throw new CommandError(`cannot reach Cloudflare's API: ${messageOf(error)}`);
  });
  const text = await response.text();
  if (!response.ok)
    throw new CommandError(`Cloudflare's API answered ${response.status}: ${oneLine(text).slice(0, 300)}`);
  return pointsIn(text);
}

function pointsIn(text: string): Point[] {
  const answer = parsed(text);
  const rows = typeof answer === "object" && answer !== null && "data" in answer ? answer.data : undefined;
  if (!Array.isArray(rows))
    throw new CommandError("Cloudflare's API answered with something that is not a table");
  return rows.map((row: Record<string, unknown>) => {
    const [time, value] = [Number(row["t"]), Number(row["value"])];
    if (!Number.isFinite(time) || !Number.isFinite(value))
      throw new CommandError(
        `Cloudflare's API answered with a row that is not a number: ${oneLine(JSON.stringify(row))}`,
      );
    return { time, label: String(row["label"]), value };
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new CommandError(
      `Cloudflare's API answered with something that is not JSON: ${oneLine(text).slice(0, 100)}`,
    );
  }
}
