/** The relay over HTTP. */
import { oneLine } from "./printing.ts";
import { httpUrl, noAnswer } from "./relay-option.ts";
import { CommandError } from "./usage.ts";

const ANSWER_MILLISECONDS = 30_000;

/** The JSON of an answer; rejects with a sentence when there is none, or an error instead. */
export async function readJson(relay: string, path: string, accept = "application/json"): Promise<unknown> {
  const { status, text } = await get(relay, httpUrl(relay, path), accept);
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    throw new CommandError(
      `${relay} answered ${status}, and no JSON: is it a relay that serves this by HTTP?`,
    );
  }
  if (status !== 200) throw new CommandError(`the relay answered ${status}: ${reasonOf(body)}`);
  return body;
}

async function get(relay: string, url: string, accept: string): Promise<{ status: number; text: string }> {
  const signal = AbortSignal.timeout(ANSWER_MILLISECONDS);
  try {
    const response = await fetch(url, { headers: { accept }, signal });
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
