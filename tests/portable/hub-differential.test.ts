/** Generated subscriptions on two hubs, stored answers and live delivery, against the reference. */
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { type Client, connect, openRelay, type Relay } from "../fixtures/hubs.ts";
import { byRealAuthors, signedEvents } from "../fixtures/signed-events.ts";
import { aFilter, pick, type Random, seeded } from "../reference/generators.ts";
import { matches, storedAnswer, survivors, type WireFilter } from "../reference/matcher.ts";

const REQUESTS = 300;
const [DEFAULT_LIMIT, MAX_LIMIT] = [15, 25];

let relay: Relay;
beforeEach(() => {
  relay = openRelay({
    DEFAULT_LIMIT: String(DEFAULT_LIMIT),
    MAX_LIMIT: String(MAX_LIMIT),
    MAX_SUBSCRIPTIONS: "1000",
  });
});
afterEach(() => relay.close());

interface Subscribed {
  client: Client;
  id: string;
  filters: WireFilter[];
}

it("[11] [14] [15] [17] every subscription has the stored events and the live ones that the reference names", async () => {
  const random = seeded(20_261_124);
  const events = signedEvents(random, 700);
  const history = events.slice(0, 400);
  const clients = ["a", "b"].map((name) => relay.hub(name)).flatMap((hub) => [connect(hub), connect(hub)]);
  for (const event of history) await pick(random, clients).say("EVENT", event);
  for (const client of clients) client.take();

  let kept = survivors(history);
  const subscribed: Subscribed[] = [];
  for (let n = 0; n < REQUESTS; n += 1) {
    const filters = Array.from({ length: 1 + Math.floor(random() * 4) }, () =>
      byRealAuthors(aFilter(random, history)),
    );
    const one = { client: pick(random, clients), id: `sub ${n}`, filters };
    await one.client.say("REQ", one.id, ...filters);
    expectStoredAnswer(one, kept);
    subscribed.push(one);
  }
  expect(subscribed.flatMap(({ filters }) => filters).length).toBeGreaterThan(500);

  const known = new Set(history.map(({ id }) => id));
  let delivered = 0;
  for (const event of liveEvents(random, events)) {
    const isFresh = !known.has(event.id);
    known.add(event.id);
    kept = survivors([...kept, event]);
    const isEphemeral = event.kind >= 20_000 && event.kind < 30_000;
    const isNews = isEphemeral || (isFresh && kept.includes(event));
    delivered += await expectLive(event, isNews ? subscribed : [], { random, clients });
  }
  expect(delivered).toBeGreaterThan(3000);
  expect(relay.reported).toEqual([]);

  for (const { client, filters } of subscribed) {
    await client.say("REQ", "again", ...filters);
    expectStoredAnswer({ client, id: "again", filters }, kept);
  }
});

/** What has not been seen, and some of what has. */
function liveEvents(random: Random, events: Event[]): Event[] {
  return events
    .slice(400)
    .flatMap((event) => (random() < 0.2 ? [event, pick(random, events.slice(0, 400))] : [event]));
}

function expectStoredAnswer({ client, id, filters }: Subscribed, kept: Event[]): void {
  const bounded = filters.map((filter) => ({
    ...filter,
    limit: Math.min(filter.limit ?? DEFAULT_LIMIT, MAX_LIMIT),
  }));
  const expected = storedAnswer(bounded, kept, DEFAULT_LIMIT).map((event) => ["EVENT", id, event]);
  const more = bounded.some((filter) => kept.filter((event) => matches(filter, event)).length > filter.limit);
  expect(client.take(), JSON.stringify(filters)).toEqual([
    ...expected,
    ["EOSE", id, [more ? "more" : "finish"]],
  ]);
}

/** Publishes the event anywhere: how many subscriptions got it, each of them once. */
async function expectLive(
  event: Event,
  subscribed: Subscribed[],
  { random, clients }: { random: Random; clients: Client[] },
) {
  const publisher = pick(random, clients);
  await publisher.say("EVENT", event);
  await relay.settled();
  const wanting = subscribed.filter(({ filters }) => filters.some((filter) => matches(filter, event)));
  for (const client of clients) {
    const frames = client.take();
    const expected = wanting.filter((one) => one.client === client).map(({ id }) => ["EVENT", id, event]);
    const got = frames.filter(([verb]) => verb === "EVENT");
    expect(got.toSorted(bySubscription), JSON.stringify(event)).toEqual(expected.toSorted(bySubscription));
    const answers = frames.filter(([verb]) => verb !== "EVENT");
    const accepted = ["OK", event.id, true, expect.any(String)];
    expect(answers).toEqual(client === publisher ? [accepted] : []);
  }
  return wanting.length;
}

function bySubscription(a: unknown[], b: unknown[]): number {
  return String(a[1]).localeCompare(String(b[1]));
}
