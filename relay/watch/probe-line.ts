/** The connection of a test: sends messages of NIP-01 and waits for what must come back. */
import type { Event } from "../../nostr/event.ts";

export interface ProbeSocket {
  send(frame: string): void;
  close(): void;
  /** Begins to receive. `onEnd` gets why the connection ended. */
  listen(onFrame: (frame: string) => void, onEnd: (reason: string) => void): void;
}

type Frame = readonly unknown[];

interface Expected {
  what: string;
  is(frame: Frame): boolean;
  resolve(frame: Frame): void;
  reject(error: Error): void;
}

export class ProbeLine {
  private readonly socket: ProbeSocket;
  /** Frames that nothing has waited for yet. */
  private frames: Frame[] = [];
  private expected: Expected | undefined;
  private ending: string | undefined;

  constructor(socket: ProbeSocket) {
    this.socket = socket;
    socket.listen(
      (text) => this.receive(JSON.parse(text) as Frame),
      (reason) => this.end(reason),
    );
  }

  /** What is waited for. */
  get awaited(): string | undefined {
    return this.expected?.what;
  }

  close(): void {
    if (this.ending === undefined) this.socket.close();
  }

  async challenge(): Promise<string> {
    const [, challenge] = await this.next("AUTH", ([verb]) => verb === "AUTH");
    return String(challenge);
  }

  /** Resolves with the refusal of an event; undefined: it was accepted. */
  publish(event: Event): Promise<string | undefined> {
    return this.offer("EVENT", event);
  }

  /** The same for an authentication. */
  authenticate(event: Event): Promise<string | undefined> {
    return this.offer("AUTH", event);
  }

  /** Resolves after the stored events, with their ids, or with the refusal. */
  async subscribe(id: string, filter: object): Promise<{ ids: string[]; refusal?: string }> {
    this.send(["REQ", id, filter]);
    const isEnd = ([verb, of]: Frame) => of === id && (verb === "EOSE" || verb === "CLOSED");
    const [verb, , reason] = await this.next("EOSE", isEnd);
    if (verb === "CLOSED") return { ids: [], refusal: String(reason) };
    const stored = this.frames.filter(([each, of]) => each === "EVENT" && of === id);
    return { ids: stored.map(([, , event]) => (event as Event).id) };
  }

  /** Resolves when the event has been delivered to the subscription. */
  async event(subscription: string, id: string): Promise<void> {
    const isIt = ([verb, of, event]: Frame) =>
      verb === "EVENT" && of === subscription && (event as Event).id === id;
    await this.next("delivery of a live event", isIt);
  }

  private async offer(verb: "EVENT" | "AUTH", event: Event): Promise<string | undefined> {
    this.send([verb, event]);
    const [, , isAccepted, reason] = await this.next(
      `OK to an ${verb}`,
      ([each, id]) => each === "OK" && id === event.id,
    );
    return isAccepted === true ? undefined : String(reason);
  }

  private send(message: unknown[]): void {
    this.socket.send(JSON.stringify(message));
  }

  private next(what: string, is: (frame: Frame) => boolean): Promise<Frame> {
    const at = this.frames.findIndex(is);
    const [known] = at === -1 ? [] : this.frames.splice(at, 1);
    if (known) return Promise.resolve(known);
    if (this.ending !== undefined) return Promise.reject(ended(this.ending));
    return new Promise((resolve, reject) => {
      this.expected = { what, is, resolve, reject };
    });
  }

  private receive(frame: Frame): void {
    const { expected } = this;
    if (!expected?.is(frame)) {
      this.frames.push(frame);
      return;
    }
    this.expected = undefined;
    expected.resolve(frame);
  }

  private end(reason: string): void {
    this.ending ??= reason;
    this.expected?.reject(ended(reason));
    this.expected = undefined;
  }
}

function ended(reason: string): Error {
  return new Error(`the relay closed the connection: ${reason}`);
}
