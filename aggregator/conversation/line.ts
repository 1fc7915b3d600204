/**
 * The line to one upstream: its WebSocket, with one exchange at a time. An exchange is a message and all that answers it.
 * Frames are bounded and parsed here. Nothing that the upstream sends is trusted.
 */
import { firstCharacters } from "../../nostr/characters.ts";
import { MOST_LEVELS, shapeOf } from "../../nostr/json.ts";

/** The part of an open WebSocket that is used. */
export interface UpstreamSocket {
  send(frame: string): void;
  close(): void;
  /** Registers the only listeners for frames and for the end. Called once. */
  listen(onFrame: (frame: unknown) => void, onEnd: (reason: string) => void): void;
}

/** How an exchange ended without an answer. */
export type Interruption =
  /** Nothing that belongs to the answer came for 15 s, or for 5 s after a NOTICE that came instead of an answer. */
  | { how: "silence" }
  | { how: "disconnected"; reason: string }
  /** The time or the size of the answer reached its bound. */
  | { how: "cut"; why: "time" | "size" };

export interface Exchange<T> {
  /** The message that starts it. Absent: it only waits. */
  message?: unknown[];
  /** How long all of it may take, in milliseconds. */
  within: number;
  /** Returns what a message means for this exchange. */
  take(message: unknown[], frame: string): Taken<T>;
  /** The same for a frame that is too long or nested too deeply to be parsed. */
  takeUnparsed?(frame: string): Taken<T>;
  interrupted(how: Interruption): T;
}

/** Undefined: it has nothing to do with the exchange. "more": it belongs to the answer, which goes on. */
export type Taken<T> = undefined | "more" | { done: T };

/** What came over a line so far. */
export interface Traffic {
  frames: number;
  /** UTF-16 code units: for text in ASCII the same as bytes. */
  characters: number;
  /** Frames that are binary or not JSON. They are ignored. */
  unreadable: number;
}

const TICK_MILLISECONDS = 1000;
export const SILENCE_TICKS = 15;
/** A NOTICE often stands for a refusal, which many relays send without the id of the request. */
export const NOTICE_TICKS = 5;
const LONGEST_FRAME = 1_100_000;
/** Maximum characters of all frames during one exchange, also of those that do not belong to it. */
export const MOST_CHARACTERS = 32_000_000;
const LONGEST_TEXT = 200;
/** The longest challenge that is signed. Relays send about 32 characters. */
export const LONGEST_CHALLENGE = 1000;
/** The messages that count at any time. */
const UNASKED = /^\s*\[\s*"(?:AUTH|NOTICE)"/;

interface Running {
  exchange: Exchange<unknown>;
  finish(result: unknown): void;
  characters: number;
  /** Whether anything of the answer came since the last tick, and since the start. */
  isHeard: boolean;
  isBegun: boolean;
  isNoticed: boolean;
}

export class Line {
  readonly traffic: Traffic = { frames: 0, characters: 0, unreadable: 0 };
  /** The text of the last NOTICE. */
  notice: string | undefined;
  /** The last challenge (NIP-42). */
  challenge: string | undefined;
  #running: Running | undefined;
  #ended: string | undefined;
  readonly #socket: UpstreamSocket;
  readonly #wait: (milliseconds: number) => AbortSignal;

  /** `wait` returns a signal that aborts after some milliseconds. */
  constructor(socket: UpstreamSocket, wait: (milliseconds: number) => AbortSignal) {
    this.#socket = socket;
    this.#wait = wait;
    socket.listen(
      (frame) => this.#receive(frame),
      (reason) => {
        this.#ended = shortText(reason);
        this.#interrupt({ how: "disconnected", reason: this.#ended });
      },
    );
  }

  /** Runs one exchange. Never rejects: what goes wrong is a result. */
  async run<T>(exchange: Exchange<T>): Promise<T> {
    if (this.#ended !== undefined) return exchange.interrupted({ how: "disconnected", reason: this.#ended });
    const over = new AbortController();
    try {
      return await new Promise<T>((finish) => {
        this.#running = {
          exchange,
          finish: finish as (result: unknown) => void,
          characters: 0,
          isHeard: false,
          isBegun: false,
          isNoticed: false,
        };
        void this.#watch(this.#running, over.signal);
        if (exchange.message) this.send(exchange.message);
      });
    } finally {
      over.abort();
      this.#running = undefined;
    }
  }

  /** Sends a message that needs no answer. If the connection has ended, it is not needed any more either. */
  send(message: unknown[]): void {
    if (this.#ended !== undefined) return;
    try {
      this.#socket.send(JSON.stringify(message));
    } catch (error) {
      this.#ended = shortText(error instanceof Error ? error.message : error);
      this.#interrupt({ how: "disconnected", reason: this.#ended });
    }
  }

  close(): void {
    this.#socket.close();
  }

  #receive(frame: unknown): void {
    this.traffic.frames += 1;
    const running = this.#running;
    if (typeof frame !== "string") {
      this.traffic.unreadable += 1;
      return;
    }
    this.traffic.characters += frame.length;
    if (running) {
      running.characters += frame.length;
      if (running.characters > MOST_CHARACTERS) return this.#interrupt({ how: "cut", why: "size" });
    }
    if (isTooLarge(frame)) {
      if (running) this.#note(running, running.exchange.takeUnparsed?.(frame));
    } else if (running || UNASKED.test(frame)) {
      const message = parseFrame(frame);
      if (!message) this.traffic.unreadable += 1;
      else this.#takeMessage(message, frame);
    }
  }

  #takeMessage(message: unknown[], frame: string): void {
    const running = this.#running;
    if (message[0] === "NOTICE") {
      this.notice = shortText(message[1]);
      if (running) running.isNoticed = true;
    }
    if (message[0] === "AUTH" && typeof message[1] === "string" && message[1].length <= LONGEST_CHALLENGE)
      this.challenge = message[1];
    if (running) this.#note(running, running.exchange.take(message, frame));
  }

  #note(running: Running, taken: Taken<unknown>): void {
    if (taken === undefined) return;
    if (taken !== "more") return this.#finish(running, taken.done);
    running.isHeard = true;
    running.isBegun = true;
  }

  #interrupt(how: Interruption): void {
    const running = this.#running;
    if (running) this.#finish(running, running.exchange.interrupted(how));
  }

  /** Frames that arrive after the answer no longer belong to it. */
  #finish(running: Running, result: unknown): void {
    if (this.#running === running) this.#running = undefined;
    running.finish(result);
  }

  /** Interrupts the exchange if nothing has come for a while, or if its answer takes too long. */
  async #watch(running: Running, over: AbortSignal): Promise<void> {
    let silent = 0;
    for (let ticks = 1; ; ticks += 1) {
      const tick = AbortSignal.any([this.#wait(TICK_MILLISECONDS), over]);
      await new Promise((next) => tick.addEventListener("abort", next, { once: true }));
      if (over.aborted || this.#running !== running) return;
      silent = running.isHeard ? 0 : silent + 1;
      running.isHeard = false;
      const patience = running.isNoticed && !running.isBegun ? NOTICE_TICKS : SILENCE_TICKS;
      if (silent >= patience) this.#interrupt({ how: "silence" });
      else if (ticks * TICK_MILLISECONDS >= running.exchange.within)
        this.#interrupt({ how: "cut", why: "time" });
    }
  }
}

/** Returns the start of a text that the upstream sent. */
export function shortText(value: unknown): string {
  return firstCharacters(typeof value === "string" ? value : "", LONGEST_TEXT);
}

/** Reads a frame. Undefined if it is binary, too large to be parsed, or not a list in JSON. */
export function readFrame(frame: unknown): unknown[] | undefined {
  return typeof frame !== "string" || isTooLarge(frame) ? undefined : parseFrame(frame);
}

/** Returns whether a frame is too long or nested too deeply to be parsed. */
function isTooLarge(frame: string): boolean {
  return frame.length > LONGEST_FRAME || shapeOf(frame).levels > MOST_LEVELS;
}

function parseFrame(frame: string): unknown[] | undefined {
  try {
    const message: unknown = JSON.parse(frame);
    return Array.isArray(message) ? message : undefined;
  } catch {
    return undefined;
  }
}
