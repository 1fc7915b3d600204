/** Clients that subscribe to everything new, and what is delivered to them. */
import { setTimeout } from "node:timers/promises";
import type { Relay } from "./measure.ts";
import { eventIdIn, verbOf } from "./messages.ts";
import type { Meter } from "./meter.ts";
import { openAll } from "./open-all.ts";
import type { Publication } from "./publisher.ts";
import { frameOf, type Line } from "./socket.ts";

/** How long deliveries may still come after the last event was accepted, in milliseconds. */
const LAST_MILLISECONDS = 10_000;

export interface Subscribers {
  /** Returns the publications. Each is noted as sent when it is taken. */
  sending(publications: Iterable<Publication>): Generator<Publication>;
  /** Waits for the last deliveries, and checks that each event has come to each subscriber once. */
  settle(): Promise<void>;
  close(): void;
}

/** Subscribes so many connections to notes. Resolves when all have EOSE. Each delivery counts as an operation. */
export async function subscribers(relay: Relay, meter: Meter, wanted: number): Promise<Subscribers> {
  const sent = new Map<string, { at: number; deliveries: number }>();
  const left = { deliveries: 0 };
  let isStopped = false;
  const deliver = (id: string) => {
    const event = sent.get(id);
    if (!event) return;
    event.deliveries += 1;
    left.deliveries -= 1;
    meter.answered(event.at);
  };
  const subscribe = frameOf(["REQ", "live", { kinds: [1], limit: 1 }]);
  const lines = await openAll(relay.url, wanted, meter);
  const count = lines.length;
  await Promise.all(lines.map((line) => subscribed(line, subscribe, deliver, meter)));
  return {
    *sending(publications) {
      for (const publication of publications) {
        sent.set(publication.id, { at: performance.now(), deliveries: 0 });
        left.deliveries += count;
        yield publication;
      }
    },
    async settle() {
      if (isStopped) return;
      isStopped = true;
      const until = performance.now() + LAST_MILLISECONDS;
      while (left.deliveries > 0 && performance.now() < until) await setTimeout(20);
      for (const [id, { deliveries }] of sent)
        meter.checked(
          deliveries === count ? undefined : `event ${id} came ${deliveries} times to ${count} clients`,
        );
    },
    close() {
      for (const line of lines) line.end();
    },
  };
}

/** Resolves at EOSE, or when the connection ends. */
function subscribed(
  line: Line,
  subscribe: Buffer,
  deliver: (id: string) => void,
  meter: Meter,
): Promise<void> {
  return new Promise((resolve) => {
    line.onEnd = (reason) => {
      meter.failed(reason);
      resolve();
    };
    line.onMessage = (message) => {
      const verb = verbOf(message);
      if (verb === "EVENT") deliver(eventIdIn(message));
      else if (verb === "EOSE") resolve();
      else meter.failed(message.toString());
    };
    line.send(subscribe);
  });
}
