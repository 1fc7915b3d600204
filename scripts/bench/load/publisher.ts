/** Clients that publish. An event is in flight when it is sent and not yet answered by OK. */
import { type Event, versionKey } from "../../../nostr/event.ts";
import { loadOf } from "./clients.ts";
import { type Load, PATIENCE_MILLISECONDS, type Relay } from "./measure.ts";
import { verbOf } from "./messages.ts";
import type { Meter } from "./meter.ts";
import { frameOf, type Line } from "./socket.ts";

export interface Publication {
  id: string;
  /** Whether another version may replace it. */
  isReplaceable: boolean;
  frame: Buffer;
}

export function publicationOf(event: Event): Publication {
  const isReplaceable = versionKey(event) !== undefined;
  return { id: event.id, isReplaceable, frame: frameOf(["EVENT", event]) };
}

interface PublisherOptions {
  connections: number;
  /** Each connection keeps so many events in flight, or it publishes so many a second. */
  pace: { inFlight: number } | { perSecond: number };
}

/** Opens the connections. They publish the events, each once, when the load starts. */
export function publishers(
  relay: Relay,
  meter: Meter,
  publications: Iterator<Publication>,
  { connections, pace }: PublisherOptions,
): Promise<Load> {
  const clientOf = (line: Line) => new Publisher(line, publications, pace, meter);
  return loadOf(relay, connections, clientOf, (client) => client.start());
}

class Publisher {
  readonly ended: Promise<void>;
  private end: () => void = () => undefined;
  private isStopped = false;
  /** When each event in flight was sent. */
  private readonly sent = new Map<string, number>();
  private readonly timer: NodeJS.Timeout;
  private readonly line: Line;
  private readonly publications: Iterator<Publication>;
  private readonly pace: PublisherOptions["pace"];
  private interval: NodeJS.Timeout | undefined;
  private readonly meter: Meter;

  constructor(line: Line, publications: Iterator<Publication>, pace: PublisherOptions["pace"], meter: Meter) {
    this.line = line;
    this.publications = publications;
    this.pace = pace;
    this.meter = meter;
    this.ended = new Promise((resolve) => {
      this.end = resolve;
    });
    this.timer = setTimeout(() => this.give("no answer within 30 s"), PATIENCE_MILLISECONDS);
    line.onMessage = (message) => this.take(message);
    line.onEnd = (reason) => this.give(reason);
  }

  start(): void {
    this.timer.refresh();
    const { pace } = this;
    if ("perSecond" in pace) this.interval = setInterval(() => this.next(), 1000 / pace.perSecond);
    else for (let n = 0; n < pace.inFlight; n += 1) this.next();
  }

  stop(): void {
    this.isStopped = true;
    this.endIfDone();
  }

  private next(): void {
    const next = this.isStopped ? undefined : this.publications.next();
    if (!next || next.done) {
      this.isStopped = true;
      this.endIfDone();
      return;
    }
    this.sent.set(next.value.id, performance.now());
    this.line.send(next.value.frame);
  }

  private take(message: Buffer): void {
    const verb = verbOf(message);
    if (verb === "NOTICE") return this.meter.failed(message.toString());
    if (verb !== "OK") return;
    const [, id, isStored, reason] = JSON.parse(message.toString()) as [string, string, boolean, string];
    const begun = this.sent.get(id);
    if (begun === undefined) return;
    this.timer.refresh();
    this.sent.delete(id);
    if (isStored) this.meter.answered(begun);
    else this.meter.failed(reason);
    if (this.isStopped || "inFlight" in this.pace) this.next();
  }

  private endIfDone(): void {
    clearInterval(this.interval);
    if (this.sent.size > 0) return;
    clearTimeout(this.timer);
    this.end();
  }

  private give(reason: string): void {
    for (const _ of this.sent) this.meter.failed(reason);
    this.sent.clear();
    this.line.end();
    this.endIfDone();
  }
}
