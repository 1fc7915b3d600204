/** The relay over HTTP. */
import { oneLine } from "./printing.ts";
import { httpUrl, noAnswer } from "./relay-option.ts";
import { CommandError } from "./usage.ts";

const ANSWER_MILLISECONDS = 30_000;

/** The JSON of an answer; rejects with a sentence when there is none, or an error instead. */
export async function readJson(relay: string, path: string, accept = "application/json"): Promise<unknown> {
  const { status, body } = await exchange(relay, path, { headers: { accept } });
  if (status !== 200) throw new CommandError(`the relay answered ${status}: ${reasonOf(body)}`);
  return body;
}

/** Whatever the status is; rejects with a sentence when there is no JSON. */
export function postJson(
  relay: string,
  path: string,
  body: string,
  headers: Record<string, string>,
): Promise<{ status: number; body: unknown }> {
  return exchange(relay, path, { method: "POST", headers, body });
}

async function exchange(
  relay: string,
  path: string,
  init: RequestInit,
): Promise<{ status: number; body: unknown }> {
  const { status, text } = await send(relay, httpUrl(relay, path), init);
  try {
    return { status, body: JSON.parse(text) as unknown };
  } catch {
    throw new CommandError(
      `${relay} answered ${status}, and no JSON: is it a relay that serves this by HTTP?`,
    );
  }
}

async function send(
  relay: string,
  url: string,
  init: RequestInit,
): Promise<{ status: number; text: string }> {
  const signal = AbortSignal.timeout(ANSWER_MILLISECONDS);
  try {
    const response = await fetch(url, { ...init, signal });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    if (signal.aborted) {
      throw new CommandError(`${relay} did not answer within ${ANSWER_MILLISECONDS / 1000} s`);
    }
    if (error instanceof TypeError) throw new CommandError(noAnswer(relay));
    throw error;
  }
}

function reasonOf(body: unknown): string {
  const { error } = (body ?? {}) as { error?: { message?: unknown } | null };
  return typeof error?.message === "string" ? oneLine(error.message) : "it gave no reason";
}
