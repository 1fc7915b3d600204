/** Reads the HTTP API of this relay. */
import { type Event, parseEvent } from "../../nostr/event.ts";

const PATIENCE_MILLISECONDS = 30_000;

export interface EventPage {
  events: Event[];
  cursor: string | null;
  /** Why a search stopped early. */
  unfinished?: string;
}

export interface EventCount {
  count: number;
  approximate?: boolean;
}

/** The relay's refusal in its own words, or why there was no answer. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  /** A code of docs/http.md, `unreachable` without an answer, or `unreadable`. */
  readonly code: string;
  /** Seconds after which the same request may succeed. */
  readonly retryAfter: number | undefined;

  constructor(
    message: string,
    code: string,
    rest: { retryAfter?: number | undefined; cause?: unknown } = {},
  ) {
    super(message, { cause: rest.cause });
    this.code = code;
    this.retryAfter = rest.retryAfter;
  }
}

export async function getEvents(parameters: URLSearchParams, signal?: AbortSignal): Promise<EventPage> {
  const answer = await getJson(`/api/v1/events?${parameters}`, signal);
  const { events, cursor, unfinished } = answer;
  if (!Array.isArray(events) || (cursor !== null && typeof cursor !== "string")) throw unreadable();
  return {
    events: events.map(readEvent),
    cursor,
    ...(typeof unfinished === "string" && { unfinished }),
  };
}

export async function getCount(parameters: URLSearchParams, signal?: AbortSignal): Promise<EventCount> {
  const { count, approximate } = await getJson(`/api/v1/events/count?${parameters}`, signal);
  if (typeof count !== "number") throw unreadable();
  return { count, approximate: approximate === true };
}

function readEvent(value: unknown): Event {
  const parsed = parseEvent(value);
  if (!parsed.ok) throw unreadable();
  return parsed.event;
}

/** Returns an object that the relay has answered. Rejects with an ApiError. */
export async function getJson(
  path: string,
  signal: AbortSignal | undefined,
  headers: Record<string, string> = {},
): Promise<Record<string, unknown>> {
  const patience = AbortSignal.timeout(PATIENCE_MILLISECONDS);
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(path, {
      headers,
      signal: signal ? AbortSignal.any([signal, patience]) : patience,
    });
    body = await response.json();
  } catch (cause) {
    signal?.throwIfAborted();
    if (cause instanceof SyntaxError) throw unreadable(cause);
    throw new ApiError("The relay does not answer.", "unreachable", { cause });
  }
  const answer = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  if (response.ok) return answer;
  const { code, message } = (answer["error"] ?? {}) as { code?: unknown; message?: unknown };
  const seconds = Number(response.headers.get("retry-after"));
  throw new ApiError(
    typeof message === "string" ? message : `The relay answered ${response.status}.`,
    typeof code === "string" ? code : "unreadable",
    { retryAfter: seconds > 0 ? seconds : undefined },
  );
}

export function unreadable(cause?: unknown): ApiError {
  return new ApiError("The relay's answer is not what its API promises.", "unreadable", { cause });
}
