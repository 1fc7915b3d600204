/** Evicts hubs and switchboard and loses messages between them, at generated moments. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { expect, it } from "vitest";
import type { Event } from "../../../nostr/event.ts";
import { AUTHORS, signedEvent } from "../../fixtures/signed-events.ts";
import { pick, type Random, seeded } from "../../reference/generators.ts";
import { matches, type WireFilter } from "../../reference/matcher.ts";
import { type Client, connect, eventsIn, eventually, settled } from "../client.ts";

const STEPS = 80;
const MANY = Array.from({ length: 2000 }, (_, n) => n.toString(16).padStart(64, "0"));

/** One REQ, and the events that were published before it. */
interface Subscribed {
  client: Client;
  id: string;
  filter: WireFilter;
  before: Set<string>;
}

interface Run {
  random: Random;
  kind: number;
  hubs: string[];
  clients: Client[];
  /** Those whose hub was evicted before it had saved their subscriptions. */
  ended: Set<Client>;
  published: Event[];
  open: Subscribed[];
  requests: number;
  evictions: Promise<void>[];
  evicted: number;
  lost: number;
}

/**
 * An eviction here does not wait for a timer of the hub, such as the pause between two batches. So for a moment both the
 * old and the new instance deliver. On the platform a timer keeps an object in memory.
 */
const RETRIES = 2;

it.each([1, 2, 3, 13, 14])(
  "[15] every subscription has every event that it wants, and has it once (seed %i)",
  { retry: RETRIES, timeout: 120_000 },
  async (seed) => {
    const run = await begin(seed);
    for (let step = 0; step < STEPS; step += 1) {
      await reconnect(run);
      await takeStep(run);
    }
    await Promise.all(run.evictions);
    await settle(run);
    await loseNoMore(run);
    await reconnect(run);
    // All subscriptions want this event. So each hub that missed something sees the gap.
    await post(run);
    for (const { client, id, filter, before } of run.open) {
      const wanted = run.published.filter((event) => matches(filter, event) && !before.has(event.id));
      await eventually(
        () => idsOf(client, id).length >= wanted.length,
        () =>
          `${id} ${JSON.stringify(filter).slice(0, 200)} has ${idsOf(client, id).length} of ${wanted.length}`,
      );
      expect(idsOf(client, id)).toEqual(wanted.map((event) => event.id).toSorted());
    }
    expect(run.open.length).toBeGreaterThan(5);
    expect(run.evicted).toBeGreaterThan(5);
    expect(run.lost).toBeGreaterThan(0);
    for (const client of run.clients) client.close();
  },
);

/** Each attempt has its own hubs and its own kind. */
let attempts = 0;

async function begin(seed: number): Promise<Run> {
  attempts += 1;
  const hubs = [`attempt-${attempts}-a`, `attempt-${attempts}-b`];
  const kind = 3000 + attempts;
  const random = seeded(seed);
  const run: Run = {
    random,
    kind,
    hubs,
    clients: [],
    ended: new Set(),
    published: [],
    open: [],
    requests: 0,
    evictions: [],
    evicted: 0,
    lost: 0,
  };
  for (let at = 0; at < 2 * hubs.length; at += 1) await enter(run, at);
  return run;
}

/** Opens a connection. Half of them are at one hub, half at the other. */
async function enter(run: Run, at: number): Promise<Client> {
  const client = await connect(env.HUB.getByName(run.hubs[at % run.hubs.length]!));
  run.clients[at] = client;
  void client.ended.then(([code]) => code === 1012 && run.ended.add(client));
  return client;
}

/** Connects and subscribes again where the relay has ended the connection, as clients do. */
async function reconnect(run: Run): Promise<void> {
  for (const [at, ended] of run.clients.entries()) {
    if (!run.ended.has(ended)) continue;
    const client = await enter(run, at);
    for (const subscribed of run.open.filter((each) => each.client === ended)) {
      subscribed.client = client;
      await ask(run, subscribed);
    }
  }
}

function takeStep(run: Run): Promise<void> | void {
  const roll = run.random();
  if (roll < 0.35) return publish(run);
  if (roll < 0.45) return post(run);
  if (roll < 0.65) return subscribe(run);
  if (roll < 0.7) return unsubscribe(run);
  if (roll < 0.75) return settle(run);
  if (roll < 0.82) return loseOne(run);
  return evict(run);
}

/** Publishes an event, and does not wait for the OK. */
function publish(run: Run): void {
  const event = anEvent(run);
  pick(run.random, run.clients).say("EVENT", event);
}

async function post(run: Run): Promise<void> {
  const response = await exports.default.fetch("https://relay.test/api/v1/events", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(anEvent(run)),
  });
  expect(response.ok).toBe(true);
}

async function subscribe(run: Run): Promise<void> {
  const { random, kind } = run;
  const client = pick(random, run.clients);
  const filter = pick<WireFilter>(random, [
    { kinds: [kind] },
    { authors: AUTHORS.slice(0, 2), kinds: [kind] },
    { "#t": ["x"], kinds: [kind] },
    { authors: [...MANY, AUTHORS[1]!], kinds: [kind] },
    { kinds: [kind], limit: 0 },
  ]);
  run.requests += 1;
  const subscribed = { client, id: `s${run.requests}`, filter, before: new Set<string>() };
  run.open.push(subscribed);
  await ask(run, subscribed);
}

/** Sends a REQ, for the stored events or without them. In the second case it first waits until all events are stored. */
async function ask(run: Run, { client, id, filter, before }: Subscribed): Promise<void> {
  if (filter.limit === 0) {
    await settle(run);
    for (const event of run.published) before.add(event.id);
  }
  client.say("REQ", id, filter);
  if (filter.limit === 0) {
    await eventually(
      () => run.ended.has(client) || client.frames.some(([verb, of]) => verb === "EOSE" && of === id),
      () => `no EOSE for ${id}`,
    );
  }
}

function unsubscribe(run: Run): void {
  const [closed] = run.open.splice(Math.floor(run.random() * run.open.length), 1);
  closed?.client.say("CLOSE", closed.id);
}

/**
 * Waits until all events are stored. An event that was on its way to an evicted hub gets no OK. Its author sends it again,
 * as clients do. An event with an OK must be stored.
 */
async function settle(run: Run): Promise<void> {
  let looks = 0;
  await eventually(
    async () => {
      const missing = await notStored(run);
      const acknowledged = run.clients.flatMap(({ frames }) =>
        frames.filter(([verb, , accepted]) => verb === "OK" && accepted === true).map(([, id]) => id),
      );
      expect(missing.filter(({ id }) => acknowledged.includes(id))).toEqual([]);
      looks += 1;
      if (looks % 50 === 0) for (const event of missing) run.clients[0]?.say("EVENT", event);
      return missing.length === 0;
    },
    () => "not everything is stored",
  );
}

async function notStored({ published }: Run): Promise<Event[]> {
  const { results } = await env.DB.prepare(
    "SELECT lower(hex(id)) AS id FROM event WHERE id IN (SELECT unhex(value) FROM json_each(?))",
  )
    .bind(JSON.stringify(published.map(({ id }) => id)))
    .all<{ id: string }>();
  const stored = new Set(results.map(({ id }) => id));
  return published.filter(({ id }) => !stored.has(id));
}

/** Makes a hub lose the next message of the switchboard. */
async function loseOne(run: Run): Promise<void> {
  const name = pick(run.random, run.hubs);
  await runInDurableObject(env.HUB.getByName(name), (instance) => {
    const hub = instance["hub"];
    hub.deliver = async () => {
      run.lost += 1;
      Reflect.deleteProperty(hub, "deliver");
      if (run.random() < 0.5) throw new Error("lost on purpose");
    };
  });
}

async function loseNoMore({ hubs }: Run): Promise<void> {
  for (const name of hubs) {
    await runInDurableObject(env.HUB.getByName(name), (instance) => {
      Reflect.deleteProperty(instance["hub"], "deliver");
    });
  }
}

/**
 * Evicts an object. In half of the cases it does not wait until that is done. In half of them a hub has saved its
 * subscriptions; the others do not happen on the platform.
 */
async function evict(run: Run): Promise<void> {
  const name = pick(run.random, run.hubs);
  const isSwitchboard = run.random() < 0.2;
  const stub = isSwitchboard ? env.SWITCHBOARD.getByName("switchboard") : env.HUB.getByName(name);
  if (!isSwitchboard && run.random() < 0.5) await settled(env.HUB.getByName(name));
  const eviction = evictDurableObject(stub).then(
    () => void (run.evicted += 1),
    (error: unknown) => {
      if (!/not.*running/i.test(String(error))) throw error;
    },
  );
  if (run.random() < 0.5) await eviction;
  else run.evictions.push(eviction);
}

function anEvent(run: Run): Event {
  const event = signedEvent({
    kind: run.kind,
    content: String(run.published.length),
    pubkey: pick(run.random, AUTHORS.slice(0, 3)),
    tags: run.random() < 0.5 ? [["t", "x"]] : [],
  });
  run.published.push(event);
  return event;
}

function idsOf({ frames }: Client, subscription: string): string[] {
  return eventsIn(frames)
    .filter(([id]) => id === subscription)
    .map(([, id]) => id)
    .toSorted();
}
