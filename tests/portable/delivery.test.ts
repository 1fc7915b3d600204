/**
 * Whatever is published where, in whatever order messages between hubs and switchboard come, and whichever of them
 * are lost: a subscription has every event that it wants, and has it once.
 */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import type { Frame } from "../fixtures/hubs.ts";
import { type Fate, type LossyClient, type LossyHubs, openLossyHubs } from "../fixtures/lossy-hubs.ts";
import { AUTHORS, signedEvent } from "../fixtures/signed-events.ts";
import { matches, type WireFilter } from "../reference/matcher.ts";

const HUBS = 3;
const CLIENTS = 4;
const AUTHOR = AUTHORS[0]!;

/** Every one of these matches the event that ends a run. */
const FILTERS: WireFilter[][] = [
  [{}],
  [{ kinds: [1] }],
  [{ authors: [AUTHOR] }],
  [{ "#t": ["x"] }],
  [{ kinds: [1], "#t": ["x"] }],
  [{ kinds: [0] }, { authors: [AUTHOR] }, { kinds: [1, 7] }],
  [{ limit: 0 }],
  [{ kinds: [0, 1, 20_001], limit: 0 }],
];
const LAST = signedEvent({ content: "the end", tags: [["t", "x"]], created_at: 1_700_000_050 });

const EVENTS = [1, 1, 1, 7, 0, 0].flatMap((kind, k) =>
  [0, 1, 2, 3].map((n) =>
    signedEvent({
      kind,
      content: `${k} ${n}`,
      created_at: 1_700_000_000 + n,
      pubkey: AUTHORS[n % 2]!,
      tags: k % 2 === 0 ? [["t", "x"]] : [],
    }),
  ),
);

type Step =
  | { do: "publish"; client: number; event: number }
  | { do: "enter"; event: number }
  | { do: "subscribe"; client: number; id: string; filters: number }
  | { do: "unsubscribe"; client: number; id: string }
  | { do: "reconnect"; client: number }
  | { do: "hibernate"; hub: number }
  | { do: "restart" }
  | { do: "go on"; tasks: number }
  | { do: "settle" };

const client = fc.nat(CLIENTS - 1);
const event = fc.nat(EVENTS.length - 1);
const id = fc.constantFrom("s", "t");
const often = (weight: number, arbitrary: fc.Arbitrary<Step>) => ({ weight, arbitrary });
const step = fc.oneof(
  often(8, fc.record({ do: fc.constant("publish"), client, event })),
  often(3, fc.record({ do: fc.constant("enter"), event })),
  often(6, fc.record({ do: fc.constant("subscribe"), client, id, filters: fc.nat(FILTERS.length - 1) })),
  often(1, fc.record({ do: fc.constant("unsubscribe"), client, id })),
  often(1, fc.record({ do: fc.constant("reconnect"), client })),
  often(1, fc.record({ do: fc.constant("hibernate"), hub: fc.nat(HUBS - 1) })),
  often(1, fc.record({ do: fc.constant("restart") })),
  often(6, fc.record({ do: fc.constant("go on"), tasks: fc.integer({ min: 1, max: 12 }) })),
  often(2, fc.record({ do: fc.constant("settle") })),
);
const fates = fc.infiniteStream(
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<Fate>("arrives") },
    { weight: 1, arbitrary: fc.constantFrom<Fate>("is lost", "is lost on the way back", "arrives twice") },
  ),
);

/** One REQ, as its client sees it. */
interface Subscribed {
  filters: WireFilter[];
  received: string[];
  /** Stored when EOSE came. */
  before: Set<string> | undefined;
}

class Subscriber {
  private client: LossyClient;
  private readonly hubs: LossyHubs;
  private readonly hub: number;
  readonly open = new Map<string, Subscribed>();
  readonly problems: string[] = [];

  constructor(hubs: LossyHubs, hub: number) {
    this.hubs = hubs;
    this.hub = hub;
    this.client = hubs.connect(hub, (frame) => this.receive(frame));
  }

  publish(event: Event): void {
    this.client.say("EVENT", event);
  }

  subscribe(id: string, filters: WireFilter[]): void {
    this.open.set(id, { filters, received: [], before: undefined });
    this.client.say("REQ", id, ...filters);
  }

  unsubscribe(id: string): void {
    this.open.delete(id);
    this.client.say("CLOSE", id);
  }

  reconnect(): void {
    this.open.clear();
    this.client.leave();
    this.client = this.hubs.connect(this.hub, (frame) => this.receive(frame));
  }

  private receive([verb, id, event]: Frame): void {
    if (verb === "OK") return;
    const subscribed = this.open.get(id as string);
    if (!subscribed) this.problems.push(`${verb} for ${String(id)}, which is not open`);
    else if (verb === "EVENT") this.receiveEvent(subscribed, event as Event);
    else if (verb === "CLOSED") this.open.delete(id as string);
    else if (subscribed.before) this.problems.push(`second EOSE for ${String(id)}`);
    else subscribed.before = new Set(this.hubs.committed);
  }

  private receiveEvent({ filters, received }: Subscribed, event: Event): void {
    if (received.includes(event.id))
      this.problems.push(`${event.content} came twice to ${JSON.stringify(filters)}`);
    if (!wants(filters, event)) this.problems.push(`${event.content} came to ${JSON.stringify(filters)}`);
    received.push(event.id);
  }
}

function wants(filters: WireFilter[], event: Event): boolean {
  return filters.some((filter) => matches(filter, event));
}

/** What the subscription should have and has not: stored events, unless only later ones were asked for. */
function missing({ filters, received, before }: Subscribed, stored: Event[]): string[] {
  if (!before) return ["EOSE"];
  const isLiveOnly = filters.some(({ limit }) => limit === 0);
  return stored
    .filter(
      (event) =>
        wants(filters, event) && !(isLiveOnly && before.has(event.id)) && !received.includes(event.id),
    )
    .map(({ content }) => content);
}

async function take(step: Step, hubs: LossyHubs, subscribers: Subscriber[], s: fc.Scheduler): Promise<void> {
  switch (step.do) {
    case "publish":
      return subscribers[step.client]!.publish(EVENTS[step.event]!);
    case "enter":
      return hubs.enter(EVENTS[step.event]!);
    case "subscribe":
      return subscribers[step.client]!.subscribe(step.id, FILTERS[step.filters]!);
    case "unsubscribe":
      return subscribers[step.client]!.unsubscribe(step.id);
    case "reconnect":
      return subscribers[step.client]!.reconnect();
    case "hibernate":
      await s.waitIdle();
      return hubs.hibernate(step.hub);
    case "restart":
      await s.waitIdle();
      return hubs.restart();
    case "go on":
      return s.waitNext(Math.min(step.tasks, s.count()));
    case "settle":
      return s.waitIdle();
  }
}

async function run(s: fc.Scheduler, steps: Step[], nextFate: () => Fate): Promise<void> {
  let isReliable = false;
  const hubs = openLossyHubs(HUBS, s, () => (isReliable ? "arrives" : nextFate()));
  try {
    const subscribers = Array.from({ length: CLIENTS }, (_, n) => new Subscriber(hubs, n % HUBS));
    for (const step of steps) await take(step, hubs, subscribers, s);
    await s.waitIdle();
    isReliable = true;
    // News that everybody wants tells those who missed something.
    hubs.enter(LAST);
    await s.waitIdle();
    const { events } = await hubs.store.log(0, 1000);
    const stored = events.map(({ json }) => JSON.parse(json) as Event);
    expect(stored).toContainEqual(LAST);
    for (const { open, problems } of subscribers) {
      expect(problems).toEqual([]);
      for (const subscribed of open.values()) {
        expect(missing(subscribed, stored), JSON.stringify(subscribed.filters)).toEqual([]);
      }
    }
  } finally {
    hubs.close();
  }
}

it("[15] every subscription has every event that it wants once, whatever is lost, late or doubled", async () => {
  expect.hasAssertions();
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(step, { maxLength: 40, size: "max" }),
      fates,
      (s, steps, fates) => run(s, steps, () => fates.next().value),
    ),
    { numRuns: Number(process.env.RUNS ?? 200) },
  );
});
