import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { finish } from "../../store/work.ts";
import type { Event } from "../../nostr/event.ts";
import {
  type Client,
  connect,
  eventsIn,
  type Frame,
  openRelay,
  type Relay,
} from "../../tests/fixtures/hubs.ts";
import { noPause } from "../../tests/fixtures/no-pause.ts";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import { strangersIdentity } from "../../tests/fixtures/strangers.ts";
import type { Hub } from "../session/hub.ts";
import type { Delivery } from "./switchboard.ts";

let relay: Relay;
beforeEach(() => {
  relay = openRelay({ MAX_SUBSCRIPTIONS: "1000" });
});
afterEach(() => relay.close());

/** Returns pauses that last until the test ends them. */
function heldPauses() {
  const ends: (() => void)[] = [];
  return {
    /** A new subscription waits longer for its declaration. */
    pause: (milliseconds: number) =>
      milliseconds > 1 ? noPause() : new Promise<void>((resolve) => void ends.push(resolve)),
    /** Resolves when a fan-out has reached its next pause. */
    reached: () => vi.waitFor(() => expect(ends.length).toBeGreaterThan(0)),
    goOn: () => ends.shift()?.(),
    /** Ends all pauses from now on, until the promise settles. */
    async endAll(until: Promise<unknown>) {
      const run = { isDone: false };
      void until.then(() => (run.isDone = true));
      while (!run.isDone) {
        // Ends the last pause first, which would let a later fan-out overtake if that were possible.
        ends.pop()?.();
        await Promise.resolve();
      }
    },
  };
}

function deliveryOf(seqs: { seq: number; event: Event }[], ephemeral: Event[] = []): Delivery {
  const places = seqs.map(({ seq }) => seq);
  const [first, last] = [Math.min(...places), Math.max(...places)];
  const spans = seqs.length > 0 ? [{ prev: first - 1, last }] : [];
  return { version: 1, spans, head: spans[0]?.last ?? 0, events: seqs, ephemeral };
}

/** Stores events. Returns them with their positions. */
async function commit(...contents: string[]): Promise<{ seq: number; event: Event }[]> {
  const events = contents.map((content) =>
    signedEvent({ content, kind: content.startsWith("unwanted") ? 7 : 1 }),
  );
  const { fates } = await relay.store.commit(events);
  return events.map((event, at) => ({ event, seq: (fates[at] as { seq: number }).seq }));
}

async function subscribed(hub: Hub, count: number, filter: object = {}): Promise<Client> {
  const client = connect(hub);
  for (let n = 0; n < count; n += 1) await client.say("REQ", String(n), filter);
  client.take();
  return client;
}

const contentsOf = (client: Client, id: string) =>
  client.frames.flatMap(([verb, subscription, event]) =>
    verb === "EVENT" && subscription === id ? [(event as Event).content] : [],
  );

it("[15] events of one delivery come in the order of the log, in whatever order they are delivered", async () => {
  const hub = relay.hub("a");
  const client = await subscribed(hub, 1);
  const events = await commit("1", "2", "3");
  await hub.deliver(deliveryOf([events[2]!, events[0]!, events[1]!]));
  expect(contentsOf(client, "0")).toEqual(["1", "2", "3"]);
});

describe("[15] a fan-out in slices", () => {
  it("lets others be served, and others' events wait, so that each subscription has them in order", async () => {
    const held = heldPauses();
    const hub = relay.hub("a", { sliceCost: 0, pause: held.pause });
    const client = await subscribed(hub, 3);
    const [first, second] = await commit("first", "second");
    const one = hub.deliver(deliveryOf([first!]));
    await held.reached();
    const two = hub.deliver(deliveryOf([second!], [signedEvent({ kind: 20_001, content: "passing" })]));
    const other = connect(hub);
    await other.say("REQ", "meanwhile", { kinds: [7] });
    expect(other.take()).toEqual([["EOSE", "meanwhile"]]);
    expect(eventsIn(client.frames)).toEqual([]);
    await held.endAll(Promise.all([one, two]));
    for (const id of ["0", "1", "2"]) expect(contentsOf(client, id)).toEqual(["first", "second", "passing"]);
  });

  it("brings an event once to a subscription that is opened meanwhile, even when its answer is an old one", async () => {
    const held = heldPauses();
    const { result: early } = await finish(relay.store.read([]));
    let isStale = false;
    const read: typeof relay.store.read = async function* (queries) {
      const answer = yield* relay.store.read(queries);
      return isStale
        ? { ...answer, head: early.head, answers: queries.map(() => ({ events: [], more: false })) }
        : answer;
    };
    const hub = relay.hub("a", { sliceCost: 0, pause: held.pause, store: { ...relay.store, read } });
    const client = await subscribed(hub, 2, { kinds: [1] });
    const [event] = await commit("news");
    const delivered = hub.deliver(deliveryOf([event!]));
    await held.reached();
    for (const stale of [true, false]) {
      isStale = stale;
      await client.say("REQ", `late ${stale}`, { kinds: [1] });
    }
    await held.endAll(delivered);
    await relay.settled();
    for (const id of ["0", "1", "late true", "late false"]) expect(contentsOf(client, id)).toEqual(["news"]);
  });

  it("brings nothing to a subscription that is closed meanwhile", async () => {
    const held = heldPauses();
    const hub = relay.hub("a", { sliceCost: 0, pause: held.pause });
    const [client, gone] = [await subscribed(hub, 2), await subscribed(hub, 2)];
    const [event] = await commit("news");
    const delivered = hub.deliver(deliveryOf([event!]));
    await held.reached();
    await client.say("CLOSE", "0");
    hub.close(gone.session);
    await held.endAll(delivered);
    expect(eventsIn(client.frames)).toEqual([["1", event!.event.id]]);
    expect(gone.frames.filter(([verb]) => verb === "EVENT")).toEqual([]);
  });

  it("comes to an end, however often a client asks again meanwhile", async () => {
    let pauses = 0;
    const hub: Hub = relay.hub("a", {
      sliceCost: 0,
      pause: async (milliseconds) => {
        if (milliseconds > 1) return;
        pauses += 1;
        if (pauses < 1000) await client.say("REQ", "0", { kinds: [1] });
      },
    });
    const client = await subscribed(hub, 3, { kinds: [1] });
    const [event] = await commit("news");
    await hub.deliver(deliveryOf([event!]));
    expect(pauses).toBeLessThan(10);
    for (const id of ["1", "2"]) expect(contentsOf(client, id)).toEqual(["news"]);
  });

  it.each([1, 2, 3, 4, 5, 6, 7, 8, 9])(
    "is finished by the next hub when this one ends in pause %i: each subscription has each event once",
    async (pauses) => {
      const held = heldPauses();
      const hub = relay.hub("a", { sliceCost: 0, pause: held.pause });
      const client = await subscribed(hub, 3, { kinds: [1] });
      // The span covers all five, but the switchboard sends a hub only what it wants.
      const [first, , third, , fifth] = await commit("1", "unwanted", "3", "unwanted too", "5");
      void hub.deliver(deliveryOf([first!, third!, fifth!]));
      for (let n = 1; n < pauses; n += 1) {
        await held.reached();
        held.goOn();
      }
      await held.reached();
      const woken = relay.hub("a");
      expect(contentsOf(client, "0")).toEqual(["1", "3"].slice(0, Math.floor((pauses - 1) / 3)));
      woken.open(
        { send: (frame) => void client.frames.push(JSON.parse(frame) as Frame), close: () => undefined },
        client.session.memory,
        strangersIdentity(),
        [...client.records.values()],
      );
      const [last] = await commit("last");
      await woken.deliver(deliveryOf([last!]));
      await relay.settled();
      for (const id of ["0", "1", "2"]) {
        expect(contentsOf(client, id).toSorted(), id).toEqual(["1", "3", "5", "last"]);
      }
    },
  );
});

describe("what filters take is charged to their client", () => {
  const search = Array.from({ length: 9 }, (_, n) => `w${n}-w${n + 1}`).join(" ");
  const text = Array.from({ length: 20_000 }, (_, n) => `w${n % 11}`).join(" ");
  const hostile = () => signedEvent({ kind: 20_001, content: text, tags: [["expiration", "9999999999"]] });

  it("and not to another whose filter is easy to test", async () => {
    const hub = relay.hub("a");
    const easy = connect(hub, { ip: "192.0.2.1" });
    const costly = connect(hub, { ip: "192.0.2.2" });
    await easy.say("REQ", "e", { kinds: [20_001], since: 1 });
    for (let n = 0; n < 100; n += 1)
      await costly.say("REQ", String(n), { kinds: [20_001], search: `${search} x` });
    const charged = new Map<unknown, number>();
    const charge = hub.limiter.charge.bind(hub.limiter);
    hub.limiter.charge = (client, cost) => {
      charged.set(client.network, (charged.get(client.network) ?? 0) + cost);
      charge(client, cost);
    };
    const event = signedEvent({ kind: 20_001, content: "short" });
    for (let n = 0; n < 10; n += 1) await hub.deliver(deliveryOf([], [event]));
    const ofEasy = charged.get("192.0.2.1") ?? 0;
    charged.clear();
    await hub.deliver(deliveryOf([], [hostile()]));
    expect(charged.get("192.0.2.1") ?? 0).toBeLessThan(1000);
    expect(charged.get("192.0.2.2")).toBeGreaterThan(100);
    expect(ofEasy).toBeLessThan(200);
  });

  it("and ends a session that has cost far more than its allowance", async () => {
    relay.close();
    relay = openRelay({ MAX_SUBSCRIPTIONS: "1000", RATE_LIMIT: "20000" });
    const hub = relay.hub("a");
    const [client, other] = [connect(hub, { ip: "192.0.2.2" }), connect(hub, { ip: "192.0.2.3" })];
    await other.say("REQ", "s", { kinds: [20_001] });
    for (let n = 0; n < 60; n += 1)
      await client.say("REQ", String(n), { kinds: [20_001], search: `${search} w10-w2` });
    for (let n = 0; n < 40 && client.closings.length === 0; n += 1)
      await hub.deliver(deliveryOf([], [hostile()]));
    expect(client.closings).toEqual([[1008, expect.stringMatching(/^rate-limited: /)]]);
    expect(hub.size).toBe(1);
    expect(eventsIn(other.frames).length).toBeGreaterThan(0);
  });
});
