/** The conversation with one upstream, over its WebSocket: one question at a time. Nothing that it sends is trusted. */

/** What is needed of a WebSocket that is open. */
export interface UpstreamSocket {
  send(frame: string): void;
  close(): void;
  /** Called once each: what comes is told to these from then on. */
  listen(onFrame: (frame: unknown) => void, onEnd: (reason: string) => void): void;
}

export interface Page {
  /** As they came: objects, whatever is in them. */
  events: unknown[];
  /** The upstream says that these were all (NIP-67). */
  isComplete: boolean;
  /** Frames that it took. */
  frames: number;
}

export interface Upstream {
  /** Rejects when the upstream refuses, ends, falls silent or sends too much. */
  ask(filter: { since: number; until?: number; limit: number }): Promise<Page>;
  close(): void;
}

const SILENCE_MILLISECONDS = 15_000;
const LONGEST_FRAME = 1_100_000;
const MOST_CHARACTERS = 32_000_000;

interface Question {
  id: string;
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

  async function ask(filter: object): Promise<Page> {
    if (ended !== undefined) throw new Error(`the connection has ended: ${ended}`);
    asked += 1;
    const id = `pull-${asked}`;
    const watch = new AbortController();
    try {
      return await new Promise<Page>((answer, fail) => {
        open = { id, page: { events: [], isComplete: false, frames: 0 }, characters: 0, answer, fail };
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
  question.characters += frame.length;
  if (frame.length > LONGEST_FRAME) throw new Error(`a frame of ${frame.length} characters`);
  if (question.characters > MOST_CHARACTERS)
    throw new Error(`more than ${MOST_CHARACTERS} characters in one answer`);
  const message: unknown = JSON.parse(frame);
  if (!Array.isArray(message) || message[1] !== question.id) return;
  switch (message[0]) {
    case "EVENT":
      question.page.events.push(message[2]);
      break;
    case "EOSE":
      question.page.isComplete = Array.isArray(message[2]) && message[2].includes("finish");
      question.answer(question.page);
      break;
    case "CLOSED":
      throw new Error(`the upstream refused: ${String(message[2]).slice(0, 200)}`);
    default:
  }
}

/** Fails the question when no frame has come for a while. */
async function watchSilence(
  question: Question,
  silence: (milliseconds: number) => AbortSignal,
  done: AbortSignal,
): Promise<void> {
  for (let heard = -1; !done.aborted && heard < question.page.frames;) {
    heard = question.page.frames;
    const either = AbortSignal.any([silence(SILENCE_MILLISECONDS), done]);
    await new Promise((next) => either.addEventListener("abort", next, { once: true }));
  }
  if (!done.aborted) question.fail(new Error("the upstream fell silent"));
}
