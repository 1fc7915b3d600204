/** The conversation with one upstream, over its WebSocket: one question at a time. Nothing that it sends is trusted. */
import { isHex64 } from "../nostr/event.ts";

/** What is needed of a WebSocket that is open. */
export interface UpstreamSocket {
  send(frame: string): void;
  close(): void;
  /** Called once each: what comes is told to these from then on. */
  listen(onFrame: (frame: unknown) => void, onEnd: (reason: string) => void): void;
}

export interface Page {
  /** As they came: with an id, whatever else is in them; of what has none, the time. No more than were asked for. */
  events: unknown[];
  /** The upstream says that these were all (NIP-67). */
  isComplete: boolean;
  /** It was broken off, and is not to be used: ask for less. */
  isTooLarge: boolean;
  /** Frames that it took. */
  frames: number;
}

export interface Upstream {
  /** Rejects when the upstream refuses, ends, falls silent or takes too long. */
  ask(filter: { since: number; until: number; limit: number }): Promise<Page>;
  close(): void;
}

const SILENCE_MILLISECONDS = 15_000;
/** Twice this after the minute that a pull has (pull.ts) is less than the lease of schedule.ts. */
const ANSWER_MILLISECONDS = 45_000;
const LONGEST_FRAME = 1_100_000;
/** Of what is kept for one answer: parsed, it may take fifteen times the memory. */
const MOST_CHARACTERS = 4_000_000;

interface Question {
  id: string;
  limit: number;
  page: Page;
  characters: number;
  answer(page: Page): void;
  fail(error: Error): void;
}

/** `silence` gives a signal that fires after some milliseconds. */
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
        // Whatever else comes in the same moment is no part of it any more.
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
  if (typeof frame !== "string") throw new Error("a binary frame");
  const { id, page } = question;
  if (frame.length > LONGEST_FRAME) {
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

/** The newest come first: an answer that goes on beyond what was asked for is a page all the same. */
function takeEvent(question: Question, event: unknown, characters: number): void {
  if (typeof event !== "object" || event === null) return;
  const { page, limit, answer } = question;
  if (page.events.length === limit) return answer(page);
  if (!("id" in event && isHex64(event.id))) {
    // It could not be stored. Pages go on past it: its time is all that matters.
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
/** Inside of a string its quotes would be escaped. */
const CREATED_AT = /"created_at"\s*:\s*(\d+)/;

/** All that is kept of an event that is too long to be stored anywhere: pages go on past it. */
function timeOf(frame: string): { created_at: number } {
  return { created_at: Number(CREATED_AT.exec(frame)?.[1]) };
}

function emptyPage(): Page {
  return { events: [], isComplete: false, isTooLarge: false, frames: 0 };
}

/** Fails the question when no frame has come for a while, or its answer has no end. */
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
  const problem = late.aborted ? `took more than ${ANSWER_MILLISECONDS / 1000} s to answer` : "fell silent";
  question.fail(new Error(`the upstream ${problem}`));
}
