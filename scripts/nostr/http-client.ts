/** Requests to a relay over HTTP. */
import { MOST_LEVELS, nestedTooDeeply, shapeOf } from "../../nostr/json.ts";
import { readBounded } from "../../relay/limits/read-bounded.ts";
import { oneLine } from "../shared/printing.ts";
import { connectionFailure } from "./connection-failure.ts";
import { httpUrl } from "../shared/relay-option.ts";
import { CommandError } from "../shared/usage.ts";

const ANSWER_MILLISECONDS = 30_000;

/** The relay answered 429. The same request may succeed after `seconds`. */
export class RateLimitedError extends CommandError {
  readonly seconds: number;

  constructor(message: string, seconds: number) {
    super(message);
    this.seconds = seconds;
  }
}

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
  const { status, body, retryAfter } = await exchange(relay, path, { headers, timeout });
  const failure = `the relay answered ${status}: ${reasonOf(body)}`;
  if (status === 429) throw new RateLimitedError(failure, retryAfter);
  if (status !== 200) throw new CommandError(failure);
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
): Promise<{ status: number; body: unknown; retryAfter: number }> {
  const { status, text, retryAfter } = await send(relay, httpUrl(relay, path), init);
  const { levels } = shapeOf(text);
  if (levels > MOST_LEVELS)
    throw new CommandError(`${relay} answered ${status} with JSON that is ${nestedTooDeeply(levels)}`);
  try {
    return { status, body: JSON.parse(text) as unknown, retryAfter };
  } catch {
    throw new CommandError(`${relay} answered ${status} without JSON: does this relay serve it over HTTP?`);
  }
}

async function send(
  relay: string,
  url: string,
  { timeout = ANSWER_MILLISECONDS, ...init }: Request,
): Promise<{ status: number; text: string; retryAfter: number }> {
  const signal = AbortSignal.timeout(timeout);
  try {
    const response = await fetch(url, { ...init, signal });
    const { status, headers } = response;
    return {
      status,
      text: await textOf(response, relay),
      retryAfter: Number(headers.get("retry-after")) || 1,
    };
  } catch (error) {
    if (signal.aborted) {
      throw new CommandError(`${relay} did not answer within ${timeout / 1000} s`);
    }
    if (error instanceof TypeError) throw await connectionFailure(relay);
    throw error;
  }
}

/** In bytes. The longest page of events is shorter. */
const LONGEST_ANSWER = 100_000_000;

/** Returns the text of an answer. Its length is bounded, because a relay may pack much into few bytes. */
export async function textOf(response: Response, relay: string): Promise<string> {
  const bytes = await readBounded(response.body, LONGEST_ANSWER);
  if (bytes) return new TextDecoder().decode(bytes);
  throw new CommandError(`${relay} sent more than ${LONGEST_ANSWER / 1e6} MB in one answer`);
}

function reasonOf(body: unknown): string {
  const { error } = (body ?? {}) as { error?: { message?: unknown } | null };
  return typeof error?.message === "string" ? oneLine(error.message) : "it gave no reason";
}
