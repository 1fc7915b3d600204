/** JSON lines over HTTP, to and from the routes of a relay that are for its admins. */
import { parseJson } from "../../nostr/json.ts";
import { oneLine } from "../shared/printing.ts";
import { httpUrl } from "../shared/relay-option.ts";
import { CommandError, messageOf } from "../shared/usage.ts";
import { httpAuthorization } from "./http-authorization.ts";
import { textOf } from "./http-client.ts";
import { howToBecomeAdmin } from "./management-call.ts";

const ANSWER_MILLISECONDS = 60_000;

export interface AdminAnswer {
  status: number;
  /** The path of the next part, if there is one. */
  next: string | undefined;
  /** Seconds to wait before another request, if the relay says so. */
  retryAfter: number;
  text: string;
}

/** Makes one signed request. Rejects with one sentence if nothing answers, or if the key may not do this. */
export async function askAsAdmin(
  relay: string,
  path: string,
  { body, timeout = ANSWER_MILLISECONDS }: { body?: string; timeout?: number | undefined } = {},
): Promise<AdminAnswer> {
  const url = httpUrl(relay, path);
  const method = body === undefined ? "GET" : "POST";
  const headers = {
    authorization: httpAuthorization(url, method, body),
    ...(body !== undefined && { "content-type": "application/x-ndjson" }),
  };
  const signal = AbortSignal.timeout(timeout);
  const answer = await answerTo(
    fetch(url, { method, headers, signal, ...(body !== undefined && { body }) }),
    relay,
  );
  const { status, text } = answer;
  if (status === 404)
    throw new CommandError(`${relay} has no ${path.split("?")[0]}: is it a Tributary of this version?`);
  if (status === 200 || status === 429 || status >= 500) return answer;
  throw new CommandError(`the relay says: ${reasonIn(text)}${status === 403 ? howToBecomeAdmin() : ""}`);
}

async function answerTo(asked: Promise<Response>, relay: string): Promise<AdminAnswer> {
  try {
    const response = await asked;
    const { status, headers } = response;
    const link = /<\/?([^>]*)>; rel="next"/.exec(headers.get("link") ?? "")?.[1];
    const retryAfter = Number(headers.get("retry-after")) || 0;
    return { status, next: link, retryAfter, text: await textOf(response, relay) };
  } catch (error) {
    if (error instanceof CommandError) throw error;
    throw new CommandError(`${relay} does not answer: ${oneLine(messageOf(error))}`);
  }
}

/** Returns what an answer that is not 200 says. */
export function reasonIn(text: string): string {
  try {
    const { error } = parseJson(text) as { error?: { message?: unknown } };
    if (typeof error?.message === "string") return oneLine(error.message);
  } catch {
    // A proxy in front of the relay answers with a page.
  }
  return "it gave no reason";
}

/** Returns the values of JSON lines. */
export function valuesOf(text: string): unknown[] {
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => parseJson(line));
}
