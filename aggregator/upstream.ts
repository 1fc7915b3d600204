/** The conversation with one upstream over its WebSocket, one question at a time. Nothing that it sends is trusted. */
import { isHex64 } from "../nostr/event.ts";
import { MOST_LEVELS, shapeOf } from "../nostr/json.ts";

/** The part of an open WebSocket that is used. */
export interface UpstreamSocket {
  send(frame: string): void;
  close(): void;
  /** Registers the only listeners for frames and for the end. Called once. */
  listen(onFrame: (frame: unknown) => void, onEnd: (reason: string) => void): void;
}

export interface Page {
  /**
   * At most as many as were asked for. An event with an id is unchanged and unchecked; of others only created_at is
   * kept.
   */
  events: unknown[];
  /** Whether the upstream says that these were all matches (NIP-67). */
  isComplete: boolean;
  /** Whether the answer was too large and was cut off. Do not use it; ask for less. */
  isTooLarge: boolean;
  /** Number of frames of the answer. */
  frames: number;
}

export interface Upstream {
  /** Asks for one page. Rejects if the upstream refuses, disconnects, stops answering or takes too long. */
  ask(filter: { since: number; until: number; limit: number }): Promise<Page>;
  close(): void;
}

const SILENCE_MILLISECONDS = 15_000;
/** A pull may take a minute (pull.ts) and then two such answers. That must stay below the lease of schedule.ts. */
const ANSWER_MILLISECONDS = 45_000;
const LONGEST_FRAME = 1_100_000;
/** Maximum characters that one answer keeps. Parsed, they may take fifteen times as much memory. */
const MOST_CHARACTERS = 4_000_000;

interface Question {
  id: string;
  limit: number;
  page: Page;
  characters: number;
  answer(page: Page): void;
  fail(error: Error): void;
}

/** Starts a conversation. `silence` returns a signal that aborts after some milliseconds. */
export function converse(
  socket: UpstreamSocket,
  silence: (milliseconds: number) => AbortSignal = (milliseconds) => AbortSignal.timeout(milliseconds),
): Upstream {
  let open: Question | undefined;
  let asked = 0;
  let ended: string | undefined;

  socket.listen(
    (frame) => {
      if (!open) return;
      open.page.frames += 1;
      try {
        takeFrame(open, frame);
      } catch (error) {
        open.fail(error instanceof Error ? error : new Error(String(error)));
      }
    },
    (reason) => {
      ended = reason;
      open?.fail(new Error(`the connection ended: ${reason}`));
    },
  );

  async function ask(filter: { since: number; until: number; limit: number }): Promise<Page> {
    if (ended !== undefined) throw new Error(`the connection has ended: ${ended}`);
    asked += 1;
    const id = `pull-${asked}`;
    const watch = new AbortController();
    try {
      return await new Promise<Page>((resolve, fail) => {
        // Frames that arrive after the answer no longer belong to it.
        const answer = (page: Page) => {
          open = undefined;
          resolve(page);
        };
        open = { id, limit: filter.limit, page: emptyPage(), characters: 0, answer, fail };
        void watchSilence(open, silence, watch.signal);
        socket.send(JSON.stringify(["REQ", id, filter]));
      });
    } finally {
      watch.abort();
      open = undefined;
      if (ended === undefined) socket.send(JSON.stringify(["CLOSE", id]));
    }
  }

  return { ask, close: () => socket.close() };
}

function takeFrame(question: Question, frame: unknown): void {
  if (typeof frame !== "string") throw new Error("the upstream sent a binary frame");
  const { id, page } = question;
  if (frame.length > LONGEST_FRAME || shapeOf(frame).levels > MOST_LEVELS) {
    if (EVENT_FRAME.exec(frame)?.[1] === id) takeEvent(question, timeOf(frame), 0);
    return;
  }
  const message: unknown = JSON.parse(frame);
  if (!Array.isArray(message) || message[1] !== id) return;
  switch (message[0]) {
    case "EVENT":
      takeEvent(question, message[2], frame.length);
      break;
    case "EOSE":
      page.isComplete = Array.isArray(message[2]) && message[2].includes("finish");
      question.answer(page);
      break;
    case "CLOSED":
      throw new Error(`the upstream refused: ${String(message[2]).slice(0, 200)}`);
    default:
  }
}

/**
 * Adds an event to the page. More events than asked for are cut off: the newest come first, so the page is still
 * correct.
 */
function takeEvent(question: Question, event: unknown, characters: number): void {
  if (typeof event !== "object" || event === null) return;
  const { page, limit, answer } = question;
  if (page.events.length === limit) return answer(page);
  if (!("id" in event && isHex64(event.id))) {
    // An event without an id cannot be stored. The next page needs only its time, to go past it.
    if ("created_at" in event && Number.isSafeInteger(event.created_at))
      page.events.push({ created_at: event.created_at });
    return;
  }
  question.characters += characters;
  page.isTooLarge = question.characters > MOST_CHARACTERS;
  if (page.isTooLarge) return answer(page);
  page.events.push(event);
}

const EVENT_FRAME = /^\s*\[\s*"EVENT"\s*,\s*"([^"]*)"/;
/** Matches only a field: inside a string, the quotes would be escaped. */
const CREATED_AT = /"created_at"\s*:\s*(\d+)/;

/** Returns only the time of an event that is too long or too deeply nested to be stored. The next page goes past it. */
function timeOf(frame: string): { created_at: number } {
  return { created_at: Number(CREATED_AT.exec(frame)?.[1]) };
}

function emptyPage(): Page {
  return { events: [], isComplete: false, isTooLarge: false, frames: 0 };
}

/** Fails the question if no frame has come for a while, or if its answer does not end. */
async function watchSilence(
  question: Question,
  silence: (milliseconds: number) => AbortSignal,
  done: AbortSignal,
): Promise<void> {
  const late = silence(ANSWER_MILLISECONDS);
  for (let heard = -1; !done.aborted && !late.aborted && heard < question.page.frames;) {
    heard = question.page.frames;
    const any = AbortSignal.any([silence(SILENCE_MILLISECONDS), late, done]);
    await new Promise((next) => any.addEventListener("abort", next, { once: true }));
  }
  if (done.aborted) return;
  const problem = late.aborted
    ? `took more than ${ANSWER_MILLISECONDS / 1000} s to answer`
    : "stopped answering";
  question.fail(new Error(`the upstream ${problem}`));
}
