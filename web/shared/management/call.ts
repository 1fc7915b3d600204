/** Calls of this relay's management API (NIP-86), each signed by an admin (NIP-98). */
import type { MethodName } from "../../../nostr/management.ts";
import { authorization } from "../signer/authorization.ts";
import type { Signer } from "../signer/signer.ts";
import type { AnswerOf } from "./answers.ts";

/** `banpubkey` answers after all events of the key are removed. */
const PATIENCE_MILLISECONDS = 120_000;

export interface Reply<Method extends MethodName> {
  result: AnswerOf<Method>;
  /** What holds now, in the relay's words; empty if it says nothing. */
  message: string;
}

/** A refusal in the relay's words, or why there was no answer. */
export class CallError extends Error {
  /** The HTTP status; 0 if there was no answer. */
  readonly status: number;

  constructor(message: string, status: number, options?: ErrorOptions) {
    super(message, options);
    this.name = "CallError";
    this.status = status;
  }

  /** Whether the relay does not accept this person, rather than this call. */
  get isUnauthorized(): boolean {
    return this.status === 401 || this.status === 403;
  }
}

/** Makes one call. Rejects with a CallError, or with the signer's error. */
export async function callRelay<Method extends MethodName>(
  signer: Signer,
  method: Method,
  params: unknown[],
): Promise<Reply<Method>> {
  const body = JSON.stringify({ method, params });
  const response = await send(body, await authorization(signer, { path: "/", method: "POST", body }));
  const answer = await readAnswer(response);
  if (typeof answer["error"] === "string" && answer["error"] !== "")
    throw new CallError(answer["error"], response.status);
  if (!response.ok || answer["result"] === undefined)
    throw new CallError(`The relay answered ${response.status} without a result.`, response.status);
  const { result, message } = answer;
  return { result: result as AnswerOf<Method>, message: typeof message === "string" ? message : "" };
}

async function send(body: string, authorization: string): Promise<Response> {
  try {
    return await fetch("/", {
      method: "POST",
      headers: { "content-type": "application/nostr+json+rpc", authorization },
      body,
      cache: "no-store",
      signal: AbortSignal.timeout(PATIENCE_MILLISECONDS),
    });
  } catch (error) {
    const isLate = error instanceof DOMException && error.name === "TimeoutError";
    const reason = isLate
      ? "The relay has not answered within two minutes. What was asked may have happened."
      : "The relay cannot be reached. Nothing may have happened: try again.";
    throw new CallError(reason, 0, { cause: error });
  }
}

/** Limits answer with the errors of the HTTP API: `{error: {message}}`. */
async function readAnswer(response: Response): Promise<Record<string, unknown>> {
  let answer: unknown;
  try {
    answer = await response.json();
  } catch (error) {
    throw new CallError(`The relay answered ${response.status}, and not in JSON.`, response.status, {
      cause: error,
    });
  }
  const fields = (typeof answer === "object" && answer !== null ? answer : {}) as Record<string, unknown>;
  const { error } = fields as { error?: { message?: unknown } };
  return typeof error === "object" ? { error: String(error.message) } : fields;
}
