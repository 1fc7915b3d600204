/** Requests to a relay over HTTP. */
import { MOST_LEVELS, nestedTooDeeply, shapeOf } from "../../nostr/json.ts";
import { oneLine } from "../shared/printing.ts";
import { connectionFailure } from "./connection-failure.ts";
import { httpUrl } from "../shared/relay-option.ts";
import { CommandError } from "../shared/usage.ts";

const ANSWER_MILLISECONDS = 30_000;

interface ReadOptions {
  accept?: string;
  authorization?: string | undefined;
  timeout?: number | undefined;
}

/** Returns the JSON of an answer. Rejects with one sentence if the status is not 200 or there is no JSON. */
export async function readJson(
  relay: string,
  path: string,
  { accept = "application/json", authorization, timeout }: ReadOptions = {},
): Promise<unknown> {
  const headers = { accept, ...(authorization !== undefined && { authorization }) };
  const { status, body } = await exchange(relay, path, { headers, timeout });
  if (status !== 200) throw new CommandError(`the relay answered ${status}: ${reasonOf(body)}`);
  return body;
}

/** Returns the JSON of an answer with any status. Rejects with one sentence if there is no JSON. */
export function postJson(
  relay: string,
  path: string,
  request: { body: string; headers: Record<string, string>; timeout?: number | undefined },
): Promise<{ status: number; body: unknown }> {
  return exchange(relay, path, { method: "POST", ...request });
}

interface Request extends RequestInit {
  timeout?: number | undefined;
}

async function exchange(
  relay: string,
  path: string,
  init: Request,
): Promise<{ status: number; body: unknown }> {
  const { status, text } = await send(relay, httpUrl(relay, path), init);
  const { levels } = shapeOf(text);
  if (levels > MOST_LEVELS)
    throw new CommandError(`${relay} answered ${status} with JSON that is ${nestedTooDeeply(levels)}`);
  try {
    return { status, body: JSON.parse(text) as unknown };
  } catch {
    throw new CommandError(`${relay} answered ${status} without JSON: does this relay serve it over HTTP?`);
  }
}

async function send(
  relay: string,
  url: string,
  { timeout = ANSWER_MILLISECONDS, ...init }: Request,
): Promise<{ status: number; text: string }> {
  const signal = AbortSignal.timeout(timeout);
  try {
    const response = await fetch(url, { ...init, signal });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    if (signal.aborted) {
      throw new CommandError(`${relay} did not answer within ${timeout / 1000} s`);
    }
    if (error instanceof TypeError) throw await connectionFailure(relay);
    throw error;
  }
}

function reasonOf(body: unknown): string {
  const { error } = (body ?? {}) as { error?: { message?: unknown } | null };
  return typeof error?.message === "string" ? oneLine(error.message) : "it gave no reason";
}
