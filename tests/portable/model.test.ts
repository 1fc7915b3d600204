/**
 * Whatever is published, deleted, made to vanish, left to expire and proven, in whatever order, at whatever door, with
 * hubs and switchboard out of memory in between: the relay ends as the model does, and never shows anybody what they
 * may not see.
 */
import * as fc from "fast-check";
import { nip77 } from "nostr-tools";
import { expect, it } from "vitest";
import { createApp } from "../../http/app.ts";
import type { Event } from "../../nostr/event.ts";
import { createDoor, publishThrough } from "../../relay/door.ts";
import type { Hub } from "../../relay/hub.ts";
import type { Ingest } from "../../relay/ingest.ts";
import { Moderator } from "../../relay/moderator.ts";
import type { Identity, Session, SubscriptionRecord } from "../../relay/session.ts";
import { Toll } from "../../relay/toll.ts";
import { sweep } from "../../relay/sweep.ts";
import { noMetrics } from "../../telemetry/metrics.ts";
import { noTracer } from "../../telemetry/tracing.ts";
import { type Frame, NOW, openRelay, type Relay } from "../fixtures/hubs.ts";
import { authEvent } from "../fixtures/people.ts";
import { AUTHORS, signedEvent } from "../fixtures/signed-events.ts";
import { STRANGER, strangersIdentity } from "../fixtures/strangers.ts";
import { pick, type Random, seeded } from "../reference/generators.ts";
import { isShown, Model } from "../reference/model.ts";

const HUBS = 2;
const CLIENTS = 4;
const PEOPLE = AUTHORS.slice(0, 3);
const KINDS = [1, 1, 0, 10_002, 30_000, 30_000, 4, 1059, 1059, 31_234, 20_001, 21_059];

/** Events that have much to do with each other: few authors, few seconds, and requests that name the others. */
const EVENTS = ((random: Random) => {
  const events: Event[] = [];
  for (let n = 0; n < 160; n += 1) {
    const tags: string[][] = [];
    const maybe = (chance: number, ...tag: string[]) => random() < chance && tags.push(tag);
    maybe(0.6, "d", pick(random, ["", "x"]));
    maybe(0.4, "p", pick(random, PEOPLE));
    maybe(0.4, "p", pick(random, PEOPLE));
    maybe(0.2, "expiration", String(NOW + Math.floor(random() * 40)));
    maybe(0.05, "-");
    const roll = random();
    const kind = roll < 0.2 && n > 0 ? 5 : roll < 0.24 ? 62 : pick(random, KINDS);
    if (kind === 62) tags.push(["relay", pick(random, ["ALL_RELAYS", "ws://localhost:8787"])]);
    for (let named = kind === 5 ? 3 : 0; named > 0; named -= 1) {
      const { id, pubkey, kind: of, tags: its } = pick(random, events);
      const d = of < 20_000 ? "" : (its.find(([name]) => name === "d")?.[1] ?? "");
      tags.push(random() < 0.5 ? ["e", id] : ["a", `${of}:${pubkey}:${d}`]);
    }
    const created_at = NOW - 10 + Math.floor(random() * 10);
    events.push(signedEvent({ kind, tags, content: `word ${n}`, created_at, pubkey: pick(random, PEOPLE) }));
  }
  return events;
})(seeded(20_261_125));

type Step =
  | { do: "publish"; client: number; events: number[] }
  | { do: "enter"; door: "http" | "queue"; event: number }
  | { do: "prove"; client: number; key: number }
  | { do: "pass time"; seconds: number }
  | { do: "sweep" }
  | { do: "ban" | "unban"; key: number }
  | { do: "hibernate"; hub: number };

const event = fc.nat(EVENTS.length - 1);
const client = fc.nat(CLIENTS - 1);
const weighted = (weight: number, arbitrary: fc.Arbitrary<Step>) => ({ weight, arbitrary });
const step = fc.oneof(
  weighted(
    12,
    fc.record({
      do: fc.constant("publish"),
      client,
      events: fc.array(event, { minLength: 1, maxLength: 8 }),
    }),
  ),
  weighted(4, fc.record({ do: fc.constant("enter"), door: fc.constantFrom("http", "queue"), event })),
  weighted(3, fc.record({ do: fc.constant("prove"), client, key: fc.nat(PEOPLE.length - 1) })),
  weighted(2, fc.record({ do: fc.constant("pass time"), seconds: fc.integer({ min: 1, max: 15 }) })),
  weighted(1, fc.record({ do: fc.constant("sweep") })),
  weighted(1, fc.record({ do: fc.constant("ban"), key: fc.nat(PEOPLE.length - 1) })),
  weighted(2, fc.record({ do: fc.constant("unban"), key: fc.nat(PEOPLE.length - 1) })),
  weighted(2, fc.record({ do: fc.constant("hibernate"), hub: fc.nat(HUBS - 1) })),
);

/** A connection, over the lives of its hub. */
class Connection {
  readonly hub: number;
  readonly keys = new Set<string>();
  readonly records = new Map<string, SubscriptionRecord>();
  identity: Identity = strangersIdentity();
  frames: Frame[] = [];
  session: Session | undefined;

  constructor(hub: number) {
    this.hub = hub;
  }

  open(hub: Hub): void {
    this.session = hub.open(
      { send: (frame) => void this.frames.push(JSON.parse(frame) as Frame), close: () => undefined },
      {
        keep: (record) => void this.records.set(record.id, structuredClone(record)),
        forget: (id) => void this.records.delete(id),
        keepIdentity: (identity) => void (this.identity = structuredClone(identity)),
      },
      this.identity,
      [...this.records.values()],
    );
  }

  take(): Frame[] {
    return this.frames.splice(0);
  }
}

class World {
  now = NOW;
  readonly model = new Model();
  readonly connections = Array.from({ length: CLIENTS }, (_, n) => new Connection(n % HUBS));
  private readonly relay: Relay;
  private readonly hubs: Hub[] = [];

  constructor(relay: Relay) {
    this.relay = relay;
    for (let at = 0; at < HUBS; at += 1) this.wake(at);
  }

  async begin(): Promise<void> {
    for (const connection of this.connections) await this.say(connection, "REQ", "live", { limit: 0 });
    for (const connection of this.connections) connection.take();
  }

  async take(step: Step): Promise<void> {
    switch (step.do) {
      case "publish": {
        // What passes through is not in the line that the others wait in.
        const events = step.events.map((at) => EVENTS[at]!);
        const passing = events.filter(({ kind }) => kind >= 20_000 && kind < 30_000);
        const connection = this.connections[step.client]!;
        await this.publish(
          connection,
          events.filter((one) => !passing.includes(one)),
        );
        for (const one of passing) await this.publish(connection, [one]);
        return undefined;
      }
      case "enter":
        return this.enter(step.door, EVENTS[step.event]!);
      case "prove":
        return this.prove(this.connections[step.client]!, PEOPLE[step.key]!);
      case "pass time":
        this.now += step.seconds;
        return undefined;
      case "sweep": {
        const { store } = this.relay;
        this.model.sweep(this.now);
        return sweep({ store, now: () => this.now, metrics: noMetrics, tracer: noTracer });
      }
      case "ban":
      case "unban":
        return this.decide(step.do, PEOPLE[step.key]!);
      case "hibernate":
        await this.relay.settled();
        return this.wake(step.hub);
    }
  }

  /** What the relay shows to each is what the model does; nothing live was of nobody's business. */
  async check(): Promise<void> {
    await this.relay.settled();
    same(this.relay.reported, []);
    for (const connection of this.connections) {
      const live = connection.take().filter(([verb]) => verb === "EVENT");
      const regular = live
        .map(([, , event]) => event as Event)
        .filter(({ kind }) => kind < 10_000 && kind > 0);
      same(new Set(regular.map(({ id }) => id)).size, regular.length);
      for (const [, , event] of live) {
        same([event, isShown(event as Event, connection.keys, 0)], [event, true]);
      }
      const shown = this.model.shows(connection.keys, this.now);
      same(await this.reads(connection, { limit: 500 }), idsOf(shown));
      same(await this.reads(connection, { search: "word" }), idsOf(shown.filter(hasText)));
      same(await this.reconciles(connection), idsOf(shown));
      same(await this.counts(connection), shown.length);
    }
    same(await this.readsOverHttp(), idsOf(this.model.shows(new Set(), this.now)));
  }

  private async reads(connection: Connection, filter: object): Promise<string[]> {
    await this.say(connection, "REQ", "look", filter);
    await this.say(connection, "CLOSE", "look");
    const frames = connection.take();
    same(frames.at(-1), ["EOSE", "look", ["finish"]]);
    return idsOf(frames.slice(0, -1).map(([, , event]) => event as Event));
  }

  private async counts(connection: Connection): Promise<unknown> {
    await this.say(connection, "COUNT", "many", {}, { kinds: [1] });
    const [frame] = connection.take();
    same(frame?.slice(0, 2), ["COUNT", "many"]);
    return (frame?.[2] as { count?: number } | undefined)?.count;
  }

  /** As somebody who has nothing: what the relay says that is missing. */
  private async reconciles(connection: Connection): Promise<string[]> {
    const storage = new nip77.NegentropyStorageVector();
    storage.seal();
    const initiator = new nip77.Negentropy(storage);
    const missing: string[] = [];
    await this.say(connection, "NEG-OPEN", "sync", {}, initiator.initiate());
    const [frame] = connection.take();
    same(frame?.slice(0, 2), ["NEG-MSG", "sync"]);
    initiator.reconcile(
      frame?.[2] as string,
      () => undefined,
      (id) => missing.push(id),
    );
    await this.say(connection, "NEG-CLOSE", "sync");
    return missing.toSorted();
  }

  /** Nobody proves anything there. */
  private async readsOverHttp(): Promise<string[]> {
    const { config, store, reported, metrics } = this.relay;
    const response = await app.fetch(new Request("http://relay.test/api/v1/events?limit=500"), {
      config,
      store,
      moderator: { moderation: undefined, refuseRead: async () => undefined },
      metrics,
      toll: new Toll({
        config,
        now: () => this.now,
        memory: { debts: () => [], keepDebts: () => undefined },
        spared: () => undefined,
      }),
      version: "0",
      now: () => this.now,
      ingest: this.door("http"),
      metricsText: async () => "",
      report: (error) => void reported.push(error),
    });
    return idsOf(((await response.json()) as { events: Event[] }).events);
  }

  /** All at once, so that they meet in one batch. */
  private async publish(connection: Connection, events: Event[]): Promise<void> {
    const told = events.map((one) => this.model.take(one, connection.keys, this.now));
    await Promise.all(events.map((one) => this.say(connection, "EVENT", one)));
    const answers = connection.frames.filter(([verb]) => verb === "OK");
    connection.frames = connection.frames.filter(([verb]) => verb !== "OK");
    const accepted = new Map(events.map(({ id }, at) => [id, told[at] !== "refused"]));
    // Of what came twice in one batch either copy is the duplicate, and one that a deletion followed may be told so.
    const isDeleting = events.some(({ kind }) => kind === 5 || kind === 62);
    if (events.length === 1 || (accepted.size === events.length && !isDeleting)) {
      same(new Map(answers.map(([, id, ok]) => [id, ok])), accepted);
    }
  }

  /** As the management API does it. */
  private async decide(what: "ban" | "unban", pubkey: string): Promise<void> {
    const { moderation } = this.relay;
    const entry = {
      at: this.now,
      pubkey: PEOPLE[0]!,
      method: `${what}pubkey`,
      params: [pubkey],
      outcome: "done",
    };
    const list = { list: "banned-pubkey", subject: pubkey } as const;
    const change =
      what === "ban" ? ({ do: "add", ...list, reason: "" } as const) : ({ do: "remove", ...list } as const);
    await moderation.change([change], entry);
    await this.relay.announce();
    if (what === "ban") await moderation.removeEventsOf(pubkey);
    this.model[what](pubkey);
  }

  private async enter(door: "http" | "queue", one: Event): Promise<void> {
    const told = this.model.take(one, new Set(), this.now);
    const { kind } = await this.door(door)(one, STRANGER);
    same(["refused", "deleted", "banned"].includes(kind), told === "refused");
  }

  private door(door: "http" | "queue"): Ingest {
    const { relay } = this;
    const now = () => this.now;
    const report = (error: unknown) => void relay.reported.push(error);
    return createDoor({
      door,
      moderator: new Moderator({ source: relay.moderation, config: relay.config, now, report }),
      config: relay.config,
      store: relay.store,
      verify: () => true,
      now,
      report,
      publish: publishThrough({
        send: async (publications) => relay.switchboard.publish(publications),
        pause: async () => undefined,
        report,
      }),
      metrics: noMetrics,
      tracer: noTracer,
    });
  }

  private async prove(connection: Connection, pubkey: string): Promise<void> {
    await this.say(connection, "AUTH", authEvent(pubkey, { created_at: this.now }));
    connection.frames = connection.frames.filter(([verb]) => verb !== "OK");
    connection.keys.add(pubkey);
  }

  private say(connection: Connection, ...message: unknown[]): Promise<void> {
    return this.hubs[connection.hub]!.receive(connection.session!, JSON.stringify(message));
  }

  private wake(at: number): void {
    const hub = this.relay.hub(String(at), { now: () => this.now, verify: () => true });
    this.hubs[at] = hub;
    for (const connection of this.connections) if (connection.hub === at) connection.open(hub);
  }
}

function idsOf(events: Event[]): string[] {
  return events.map(({ id }) => id).toSorted();
}

/** Private events are not found by words, not even by those they are for. */
function hasText({ kind }: Event): boolean {
  return ![4, 1059, 31_234].includes(kind);
}

const app = createApp();

/** Names what differs. */
function same(shown: unknown, expected: unknown): void {
  expect(shown).toEqual(expected);
}

it("[2] [5] [7] [15] [16] [21] [22] [23] [24] [25] [29] [31] [32] [38] any history ends as the model does", async () => {
  expect.hasAssertions();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: "max" }), async (steps) => {
      const relay = openRelay({ MAX_SUBSCRIPTIONS: "10" });
      try {
        const world = new World(relay);
        await world.begin();
        for (const [at, each] of steps.entries()) {
          await world.take(each);
          if (at % 5 === 4) await world.check();
        }
        await world.check();
      } finally {
        relay.close();
      }
    }),
    { numRuns: Number(process.env.RUNS ?? 150) },
  );
});
