/** Clients as apps have them: nostr-tools over the package `ws`. */
import type { Event, Filter } from "nostr-tools";
import { Relay, useWebSocketImplementation } from "nostr-tools/relay";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { type Key, signed } from "../../scripts/bench/corpus/signing.ts";
import { randomKey } from "../fixtures/random-key.ts";

useWebSocketImplementation(WebSocket);

const KEYS = Array.from({ length: 20 }, randomKey);
const NOW = Math.floor(Date.now() / 1000);

const DAY = 86_400;

/** Returns signed events of several authors and kinds, with tags and awkward characters, `spacing` seconds apart. */
export function someEvents(count: number, label: string, spacing = DAY): Event[] {
  return Array.from({ length: count }, (_, at) =>
    signed(KEYS[at % KEYS.length] as Key, {
      kind: [1, 1, 1, 7, 1111, 30_023][at % 6] as number,
      created_at: NOW - at * spacing,
      tags: [
        ["t", `topic-${at % 5}`],
        ["d", `${label}-${at}`],
        ["emoji", "\u{1f300}", 'a "quoted" value'],
      ],
      content: `${label} ${at} — ünïcödé 日本語 \u0000 "\\"\n`,
    }),
  );
}

/** Connects to a relay. The connection ends with the test at the latest. */
export async function connect(url: string): Promise<Relay> {
  const relay = await Relay.connect(url);
  // A slow machine must not fail a test.
  relay.publishTimeout = 60_000;
  onTestFinished(() => relay.close());
  return relay;
}

/** Publishes all of them. Rejects if the relay refuses one. */
export async function publishAll(relay: Relay, events: Event[]): Promise<void> {
  await Promise.all(events.map((event) => relay.publish(event)));
}

/** Returns all stored events that match. */
export function query(relay: Relay, filter: Filter): Promise<Event[]> {
  return new Promise((resolve, reject) => {
    const events: Event[] = [];
    const subscription = relay.subscribe([filter], {
      onevent: (event) => void events.push(event),
      oneose: () => {
        resolve(events);
        subscription.close();
      },
      onclose: (reason) => reject(new Error(reason)),
      eoseTimeout: 60_000,
    });
  });
}

/** Subscribes. Resolves when the subscription is open. New events are added to `received`. */
export function listen(relay: Relay, filter: Filter): Promise<{ received: Event[] }> {
  return new Promise((resolve) => {
    const received: Event[] = [];
    relay.subscribe([filter], {
      onevent: (event) => void received.push(event),
      oneose: () => resolve({ received }),
      alreadyHaveEvent: () => false,
      eoseTimeout: 60_000,
    });
  });
}

/** Returns the events of all pages of the HTTP API. */
export async function everything(http: string): Promise<Event[]> {
  const events: Event[] = [];
  for (let cursor: string | null = ""; cursor !== null;) {
    const response = await fetch(`${http}/api/v1/events?limit=400${cursor && `&cursor=${cursor}`}`);
    if (!response.ok) throw new Error(`${response.status}: ${await response.text()}`);
    const page = (await response.json()) as { events: Event[]; cursor: string | null };
    events.push(...page.events);
    cursor = page.cursor;
  }
  return events;
}

/** Returns the seven fields in one order. Two copies of an event must agree in these. */
export function fieldsOf({ id, pubkey, created_at, kind, tags, content, sig }: Event): Event {
  return { id, pubkey, created_at, kind, tags, content, sig } as Event;
}

export function byId(events: Event[]): Event[] {
  return events.map(fieldsOf).toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
