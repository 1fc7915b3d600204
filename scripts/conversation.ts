/** A WebSocket to a relay, message by message. */
import { note } from "./printing.ts";
import { noAnswer } from "./relay-option.ts";
import { CommandError } from "./usage.ts";

export interface Conversation extends AsyncDisposable {
  send(message: unknown[]): void;
  /** The next message; undefined when the connection is over. Rejects after so many milliseconds of silence. */
  receive(milliseconds?: number): Promise<unknown[] | undefined>;
  /** Ends the connection; what has not been received yet is dropped. */
  close(): void;
}

const OPEN_MILLISECONDS = 10_000;
const CLOSE_MILLISECONDS = 1000;
const ANSWER_MILLISECONDS = 5000;

export async function openConversation(relay: string): Promise<Conversation> {
  const socket = new WebSocket(relay);
  const waiting: unknown[][] = [];
  let isOver = false;
  let wake = () => {};
  socket.addEventListener("message", ({ data }) => {
    waiting.push(parseMessage(data));
    wake();
  });
  const closed = new Promise<void>((resolve) => {
    socket.addEventListener("close", () => {
      isOver = true;
      wake();
      resolve();
    });
  });
  await opened(socket, relay);

  return {
    send: (message) => socket.send(JSON.stringify(message)),
    async receive(milliseconds) {
      if (waiting.length === 0 && !isOver) {
        const next = new Promise<void>((resolve) => {
          wake = resolve;
        });
        await within(milliseconds, "the relay said nothing", next);
      }
      return waiting.shift();
    },
    close() {
      waiting.length = 0;
      isOver = true;
      wake();
      socket.close();
    },
    async [Symbol.asyncDispose]() {
      socket.close();
      await Promise.race([closed, sleep(CLOSE_MILLISECONDS)]);
    },
  };
}

/** The relay's OK for an event, with its reason. Rejects when none comes within 5 s. */
export function answerTo(
  conversation: Conversation,
  id: string,
): Promise<[accepted: boolean, reason: string]> {
  const answer = async (): Promise<[boolean, string]> => {
    for (;;) {
      const message = await conversation.receive();
      if (!message) throw new CommandError("the relay closed the connection without an answer");
      const [verb, first, accepted, reason] = message;
      if (verb === "OK" && first === id) return [accepted === true, textOf(reason)];
      if (verb === "NOTICE") noteNotice(first);
    }
  };
  return within(ANSWER_MILLISECONDS, "the relay gave no answer", answer());
}

export function noteNotice(said: unknown): void {
  note(`the relay says: ${textOf(said) || "nothing that is text"}`);
}

/** What a relay said where text is due: it may be anything, and some of that cannot even be made a string of. */
export function textOf(said: unknown): string {
  return typeof said === "string" ? said : "";
}

/** Rejects when `work` takes longer; without a number it may take for ever. */
export async function within<T>(
  milliseconds: number | undefined,
  what: string,
  work: Promise<T>,
): Promise<T> {
  if (milliseconds === undefined) return work;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const error = new CommandError(`${what} within ${milliseconds / 1000} s`);
    timer = setTimeout(() => reject(error), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function opened(socket: WebSocket, relay: string): Promise<void> {
  const opening = new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve(), { once: true });
    socket.addEventListener("error", () => reject(new CommandError(noAnswer(relay))), { once: true });
    socket.addEventListener("close", () => reject(new CommandError(noAnswer(relay))), { once: true });
  });
  return within(OPEN_MILLISECONDS, `${relay} did not answer`, opening);
}

/** What is no message of the protocol becomes an empty one, which nobody waits for. */
function parseMessage(data: unknown): unknown[] {
  if (typeof data !== "string") return [];
  try {
    const message: unknown = JSON.parse(data);
    return Array.isArray(message) ? message : [];
  } catch {
    return [];
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
