/** A conversation with a relay over a WebSocket, message by message. */
import { parseJson } from "../../nostr/json.ts";
import { note } from "../shared/printing.ts";
import { connectionFailure } from "./connection-failure.ts";
import { CommandError } from "../shared/usage.ts";

export interface Conversation extends AsyncDisposable {
  /** Maximum time for an answer, in milliseconds. */
  readonly patience: number;
  /** Returns the relay's challenge (NIP-42), if it has sent one. */
  challenge(): string | undefined;
  send(message: unknown[]): void;
  /**
   * Returns the next message; undefined if the connection has ended. Rejects after this many milliseconds without one.
   */
  receive(milliseconds?: number): Promise<unknown[] | undefined>;
  /** Ends the connection and drops messages that were not received yet. */
  close(): void;
}

const OPEN_MILLISECONDS = 10_000;
const CLOSE_MILLISECONDS = 1000;
const ANSWER_MILLISECONDS = 5000;

/** Connects to a relay. `milliseconds` replaces the default timeouts for the connection and for each answer. */
export async function openConversation(relay: string, milliseconds?: number): Promise<Conversation> {
  const socket = new WebSocket(relay);
  const waiting: unknown[][] = [];
  let challenge: string | undefined;
  let isOver = false;
  let wake = () => {};
  socket.addEventListener("message", ({ data }) => {
    const message = parseMessage(data);
    if (message[0] === "AUTH" && typeof message[1] === "string") challenge = message[1];
    waiting.push(message);
    wake();
  });
  const closed = new Promise<void>((resolve) => {
    socket.addEventListener("close", () => {
      isOver = true;
      wake();
      resolve();
    });
  });
  await openSocket(socket, relay, milliseconds);

  return {
    patience: milliseconds ?? ANSWER_MILLISECONDS,
    challenge: () => challenge,
    send: (message) => socket.send(JSON.stringify(message)),
    async receive(milliseconds) {
      if (waiting.length === 0 && !isOver) {
        const next = new Promise<void>((resolve) => {
          wake = resolve;
        });
        await within(milliseconds, "the relay sent nothing", next);
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

/** Returns the relay's OK for an event, with its reason. Rejects if none comes in time. */
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
  return within(conversation.patience, "the relay did not answer", answer());
}

export function noteNotice(said: unknown): void {
  note(`the relay says: ${textOf(said) || "a message without text"}`);
}

/** Returns a value as text if it is a string. A relay may send anything, even values that cannot be converted. */
export function textOf(said: unknown): string {
  return typeof said === "string" ? said : "";
}

/** Rejects if `work` takes longer. Without a number there is no limit. */
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

/** Resolves when the socket is open. Rejects with one sentence if it does not open in time. */
export async function openSocket(
  socket: WebSocket,
  relay: string,
  milliseconds = OPEN_MILLISECONDS,
): Promise<void> {
  const opening = new Promise<boolean>((resolve) => {
    socket.addEventListener("open", () => resolve(true), { once: true });
    socket.addEventListener("error", () => resolve(false), { once: true });
    socket.addEventListener("close", () => resolve(false), { once: true });
  });
  if (!(await within(milliseconds, `${relay} did not answer`, opening))) throw await connectionFailure(relay);
}

/** Parses a message. Returns an empty one, which is ignored, if it is not valid. */
function parseMessage(data: unknown): unknown[] {
  if (typeof data !== "string") return [];
  try {
    const message = parseJson(data);
    return Array.isArray(message) ? message : [];
  } catch {
    return [];
  }
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
