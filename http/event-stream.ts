/** Writes an event stream (Server-Sent Events, https://html.spec.whatwg.org/multipage/server-sent-events.html). */
import { type Event, kindClass } from "../nostr/event.ts";
import type { Prefix, Refusal } from "../nostr/message.ts";
import { positionAt, type StreamSocket } from "../relay/session/streams.ts";
import { problem } from "./problem.ts";

/** Milliseconds after which a browser connects again. */
const RETRY = 3000;

interface EventStreamDeps {
  /** Whether all events up to the one that is sent now were sent. */
  isWhole(): boolean;
  /** Called once, when the client has left or the stream has ended. */
  ended(): void;
}

export class EventStream implements StreamSocket {
  readonly body: ReadableStream<Uint8Array>;
  /** Resolves when something can be sent, or with the reason why nothing will be. */
  readonly begun: Promise<Refusal | undefined>;
  private readonly deps: EventStreamDeps;
  private readonly encoder = new TextEncoder();
  private controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  private begin: (refusal?: Refusal) => void = () => undefined;
  private position = "";
  private refusal: Refusal | undefined;
  /** Whether all stored events were sent. */
  private isLive = false;
  private hasBegun = false;

  constructor(deps: EventStreamDeps) {
    this.deps = deps;
    this.begun = new Promise((resolve) => (this.begin = resolve));
    this.body = new ReadableStream<Uint8Array>(
      {
        start: (controller) => void (this.controller = controller),
        cancel: () => this.stop(),
      },
      { highWaterMark: 0, size: (chunk) => chunk?.byteLength ?? 0 },
    );
    this.write(`retry: ${RETRY}`);
  }

  /** Bytes that wait for the client. */
  unread(): number {
    return -(this.controller?.desiredSize ?? 0);
  }

  startsAt(position: string): void {
    this.position = position;
  }

  /** Takes a frame of the subscription (NIP-01). */
  send(frame: string): void {
    if (frame.startsWith(EVENT)) {
      this.start();
      this.sendEvent(frame.slice(EVENT.length, -1));
      return;
    }
    const [verb, , text = ""] = JSON.parse(frame) as [string, string, string?];
    if (verb === "EOSE") {
      this.start();
      this.isLive = true;
      this.write("event: eose", `id: ${this.position}`, "data: {}");
    } else if (verb === "CLOSED") {
      const refusal = refusalIn(text);
      this.refusal = refusal;
      // Later in this turn the hub may end the session because the client is slow.
      if (this.isLive) void Promise.resolve().then(() => this.refuse(refusal));
    }
  }

  takeRefusal(): Refusal | undefined {
    const { refusal } = this;
    this.refusal = undefined;
    return refusal;
  }

  reset(message: string): void {
    this.start();
    // Without this, a browser would go on asking for what cannot be had.
    this.write("event: reset", "id", data({ message }));
  }

  refuse(refusal: Refusal): void {
    if (this.hasBegun) this.write("event: closed", data(problem(refusal.prefix, refusal.reason)));
    this.begin(refusal);
    this.finish();
  }

  beat(position?: string): void {
    if (this.hasBegun) this.write(...(position === undefined ? [":"] : [":", `id: ${position}`]));
  }

  finish(): void {
    const { controller } = this;
    this.stop();
    controller?.close();
  }

  /** The relay ends the session: its client is too slow, or is no longer allowed. */
  close(code: number, reason: string): void {
    const { controller } = this;
    if (!controller) return;
    if (code === SLOW) {
      this.stop();
      // What waits for the client is dropped.
      controller.error(new Error(reason));
    } else this.refuse(refusalIn(reason));
  }

  private start(): void {
    if (this.hasBegun) return;
    this.hasBegun = true;
    this.begin();
  }

  private sendEvent(json: string): void {
    const { id, kind } = JSON.parse(json) as Event;
    const isMarked = this.isLive && kindClass(kind) !== "ephemeral" && this.deps.isWhole();
    this.write(...(isMarked ? [`id: ${positionAt(id)}`] : []), `data: ${json}`);
  }

  private write(...lines: string[]): void {
    this.controller?.enqueue(this.encoder.encode(`${lines.join("\n")}\n\n`));
  }

  private stop(): void {
    if (!this.controller) return;
    this.controller = undefined;
    this.deps.ended();
  }
}

const EVENT = '["EVENT","stream",';
/** The close code with which a hub ends a session that does not read. */
const SLOW = 1013;

function data(value: unknown): string {
  return `data: ${JSON.stringify(value)}`;
}

/** Returns the parts of `prefix: reason`. */
function refusalIn(text: string): Refusal {
  const [, prefix = "error", reason = text] = /^([a-z-]+): (.*)$/s.exec(text) ?? [];
  return { prefix: prefix as Prefix, reason };
}
