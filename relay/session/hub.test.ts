import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { type Client, connect, eventsIn, openRelay, type Relay } from "../../tests/fixtures/hubs.ts";
import { AUTHORS, signedEvent } from "../../tests/fixtures/signed-events.ts";
import { strangersIdentity } from "../../tests/fixtures/strangers.ts";
import type { Hub } from "./hub.ts";
import { LogPosition } from "../live/log-position.ts";
import type { Declaration } from "../live/switchboard.ts";

let relay: Relay;
beforeEach(() => {
  relay = openRelay({ MAX_MESSAGE_LENGTH: "1024" });
});
afterEach(() => relay.close());

describe("[18] every EVENT is answered with OK", () => {
  it("stored, and the same again: both true", async () => {
    const client = connect(relay.hub("a"));
    const event = signedEvent();
    await client.say("EVENT", event);
    await client.say("EVENT", event);
    expect(client.take()).toEqual([
      ["OK", event.id, true, ""],
      ["OK", event.id, true, expect.stringMatching(/^duplicate: ./)],
    ]);
  });

  it.each([
    [{ id: "short", content: 1 }, "short"],
    [{ id: "x".repeat(256) }, "x".repeat(256)],
    [{ id: "x".repeat(257) }, ""],
    [[{ id: "y" }], "y"],
    [{ id: 7 }, ""],
    [{}, ""],
    [null, ""],
    ["event", ""],
    [[], ""],
    [undefined, ""],
  ])("%j is refused under the name %j", async (event, id) => {
    const client = connect(relay.hub("a"));
    await client.say("EVENT", event);
    expect(client.take()).toEqual([["OK", id, false, expect.stringMatching(/^invalid: ./)]]);
    expect(relay.metrics.list()).toContainEqual({
      name: "events_refused_total",
      labels: { source: "websocket", reason: "invalid" },
      amounts: [1],
    });
  });

  it("that cannot be stored is an error, without the reasons", async () => {
    const broken = { ...relay.store, commit: () => Promise.reject(new Error("secret path")) };
    const client = connect(relay.hub("a", { store: broken }));
    const event = signedEvent();
    await client.say("EVENT", event);
    expect(client.take()).toEqual([["OK", event.id, false, expect.stringMatching(/^error: (?!.*secret)/)]]);
    expect(relay.reported).toEqual([new Error("secret path")]);
  });
});

describe("[7] ephemeral events", () => {
  it("reach those who listen, on this hub and others, and nobody later", async () => {
    const [here, there] = [connect(relay.hub("a")), connect(relay.hub("b"))];
    await here.say("REQ", "e", { kinds: [20_001] });
    await there.say("REQ", "e", { kinds: [20_001] });
    const event = signedEvent({ kind: 20_001, tags: [["expiration", "9999999999"]] });
    await here.say("EVENT", event);
    await relay.settled();
    expect(here.take()).toEqual([
      ["EOSE", "e"],
      ["EVENT", "e", event],
      ["OK", event.id, true, ""],
    ]);
    expect(there.take()).toEqual([
      ["EOSE", "e"],
      ["EVENT", "e", event],
    ]);
    await there.say("REQ", "later", { kinds: [20_001] });
    expect(there.take()).toEqual([["EOSE", "later"]]);
  });

  it("of kind 22242 reach nobody", async () => {
    const client = connect(relay.hub("a"));
    await client.say("REQ", "s", {});
    const event = signedEvent({ kind: 22_242 });
    await client.say("EVENT", event);
    expect(client.take().map(([verb, , accepted]) => [verb, accepted])).toEqual([
      ["EOSE", undefined],
      ["OK", false],
    ]);
  });
});

it("[16] an event that lost against a newer version is not live either", async () => {
  const client = connect(relay.hub("a"));
  await client.say("EVENT", signedEvent({ kind: 0, created_at: 1_700_000_001 }));
  await client.say("REQ", "s", { kinds: [0] });
  client.take();
  await client.say("EVENT", signedEvent({ kind: 0 }));
  expect(eventsIn(client.take())).toEqual([]);
});

describe("[10] CLOSE", () => {
  it("gets no answer, and nothing comes after it, on other subscriptions it does", async () => {
    const hub = relay.hub("a");
    const [client, other] = [connect(hub), connect(hub)];
    for (const id of ["s", "t"]) await client.say("REQ", id, {});
    await other.say("REQ", "s", {});
    client.take();
    await client.say("CLOSE", "s");
    await client.say("CLOSE", "unknown");
    expect(client.take()).toEqual([]);
    const event = signedEvent();
    await client.say("EVENT", event);
    expect(eventsIn(client.take())).toEqual([["t", event.id]]);
    expect(eventsIn(other.take())).toEqual([["s", event.id]]);
    expect([...client.records.keys()]).toEqual(["t"]);
  });
});

describe("frames that are none", () => {
  it.each([
    ["binary", new ArrayBuffer(4)],
    ["too long", `["WHAT","${"x".repeat(1024)}"]`],
    ["too long in bytes", `["WHAT","${"日".repeat(340)}"]`],
    ["not JSON", "REQ"],
  ])("%s: NOTICE", async (_, frame) => {
    const hub = relay.hub("a");
    const client = connect(hub);
    await hub.receive(client.session, frame);
    expect(client.take()).toEqual([["NOTICE", expect.stringMatching(/^invalid: ./)]]);
  });

  it("of exactly the longest length is taken", async () => {
    const hub = relay.hub("a");
    const client = connect(hub);
    const bare = `["REQ","s",{"#t":[""]}]`;
    await hub.receive(client.session, bare.replace('""', `"${"x".repeat(1024 - bare.length)}"`));
    expect(client.take()).toEqual([["EOSE", "s"]]);
  });
});

describe("[15] live delivery between hubs", () => {
  it("brings each event once, to every subscription that matches", async () => {
    const [a, b] = [relay.hub("a"), relay.hub("b")];
    const [one, two, publisher] = [connect(a), connect(b), connect(b)];
    await one.say("REQ", "kind", { kinds: [1] }, { authors: [AUTHORS[0]] });
    await one.say("REQ", "other", { kinds: [7] });
    await two.say("REQ", "all", {}, { kinds: [1] });
    const event = signedEvent();
    await publisher.say("EVENT", event);
    await relay.settled();
    expect(eventsIn(one.frames)).toEqual([["kind", event.id]]);
    expect(eventsIn(two.frames)).toEqual([["all", event.id]]);
    expect(relay.metrics.list()).toContainEqual({
      name: "events_delivered_total",
      labels: { source: "websocket" },
      amounts: [2],
    });
  });

  it("brings an event that is delivered again only once", async () => {
    const hub = relay.hub("a");
    const client = connect(hub);
    await client.say("REQ", "s", {});
    const event = signedEvent();
    const { prev, last } = await relay.store.commit([event]);
    const delivery = {
      version: 1,
      spans: [{ prev, last }],
      head: last,
      events: [{ seq: last, event }],
      ephemeral: [],
    } as const;
    for (let n = 0; n < 2; n += 1)
      await hub.deliver({
        ...delivery,
        spans: [{ prev, last }],
        events: [...delivery.events],
        ephemeral: [],
      });
    expect(eventsIn(client.frames)).toEqual([["s", event.id]]);
  });

  it("reads from the log what no delivery brought, in the log's order", async () => {
    const hub = relay.hub("a");
    const client = connect(hub);
    await client.say("REQ", "s", { kinds: [1] });
    const events = Array.from({ length: 450 }, (_, n) =>
      signedEvent({ content: String(n), kind: n % 3 === 0 ? 7 : 1 }),
    );
    const { last } = await relay.store.commit(events);
    await hub.deliver({ version: 1, spans: [], head: last, events: [], ephemeral: [] });
    await relay.settled();
    const wanted = events.filter(({ kind }) => kind === 1).map(({ id }) => id);
    expect(eventsIn(client.frames).map(([, id]) => id)).toEqual(wanted);
    expect(hub.feed.position.lags(last)).toBe(false);
  });

  it("tries again when the log cannot be read", async () => {
    let failures = 2;
    const log: typeof relay.store.log = (after, limit) =>
      failures-- > 0 ? Promise.reject(new Error("D1 is away")) : relay.store.log(after, limit);
    const hub = relay.hub("a", { store: { ...relay.store, log } });
    const client = connect(hub);
    await client.say("REQ", "s", {});
    const event = signedEvent();
    const { last } = await relay.store.commit([event]);
    await hub.deliver({ version: 1, spans: [], head: last, events: [], ephemeral: [] });
    await relay.settled();
    expect(eventsIn(client.frames)).toEqual([["s", event.id]]);
    expect(relay.reported).toHaveLength(2);
  });
});

it("[15] a hub that took no deliveries finds what it missed with the answer to its next commit", async () => {
  const [hub, other] = [relay.hub("a"), relay.hub("b")];
  const [reader, publisher] = [connect(hub), connect(other)];
  await reader.say("REQ", "s", {});
  const deliver = hub.deliver.bind(hub);
  hub.deliver = () => Promise.reject(new Error("the hub is away"));
  const events = ["1", "2", "3", "4"].map((content) => signedEvent({ content }));
  for (const event of events.slice(0, 2)) {
    await publisher.say("EVENT", event);
    await relay.settled();
  }
  hub.deliver = deliver;
  // The switchboard does not call the hub, because it still waits after the failures.
  await publisher.say("EVENT", events[2]);
  await relay.settled();
  expect(eventsIn(reader.take())).toEqual([]);
  await reader.say("EVENT", events[3]);
  await relay.settled();
  const ids = eventsIn(reader.take()).map(([, id]) => id);
  expect(ids.toSorted()).toEqual(events.map(({ id }) => id).toSorted());
});

describe("a hub that was out of memory", () => {
  it("goes on with its subscriptions, and brings what came meanwhile once", async () => {
    const [a, b] = [relay.hub("a"), relay.hub("b")];
    const [client, publisher] = [connect(a), connect(b)];
    const [before, live, missed, after] = ["1", "2", "3", "4"].map((content) => signedEvent({ content }));
    await publisher.say("EVENT", before);
    await client.say("REQ", "s", {});
    await publisher.say("EVENT", live);
    await relay.settled();
    const { records } = client;
    const woken = relay.hub("a");
    const frames: string[] = [];
    const socket = { send: (frame: string) => void frames.push(frame), close: () => undefined };
    woken.open(socket, client.session.memory, strangersIdentity(), [...records.values()]);
    await relay.store.commit([missed!]);
    await publisher.say("EVENT", after);
    await relay.settled();
    expect(eventsIn(client.frames).map(([, id]) => id)).toEqual([before!.id, live!.id]);
    const ids = frames.map((frame) => (JSON.parse(frame) as [string, string, { id: string }])[2].id);
    expect(ids.toSorted()).toEqual([missed!.id, after!.id].toSorted());
  });
});

describe("what nobody here wants any more, or wants to know", () => {
  /** Counts the messages of the switchboard to a hub. */
  function countingDeliveries(hub: Hub): () => number {
    let deliveries = 0;
    const deliver = hub.deliver.bind(hub);
    hub.deliver = (delivery) => {
      deliveries += 1;
      return deliver(delivery);
    };
    return () => deliveries;
  }

  async function publishSeparately(...events: Event[]): Promise<void> {
    const publisher = connect(relay.hub("publisher"));
    for (const event of events) {
      await publisher.say("EVENT", event);
      await relay.settled();
    }
  }

  const five = (fields: Partial<Event> = {}) =>
    Array.from({ length: 5 }, (_, n) => signedEvent({ ...fields, content: String(n) }));

  it("is sent once more to a hub whose last client left while it was out of memory", async () => {
    await connect(relay.hub("a")).say("REQ", "s", { kinds: [1] });
    const woken = relay.hub("a");
    const deliveries = countingDeliveries(woken);
    await publishSeparately(...five());
    expect([deliveries(), woken.size]).toEqual([1, 0]);
  });

  it("is sent once more when one of two clients has left", async () => {
    const hub = relay.hub("a");
    const [one, two] = [connect(hub), connect(hub)];
    await one.say("REQ", "s", { kinds: [1] });
    await two.say("REQ", "s", { kinds: [7] });
    hub.close(one.session);
    const deliveries = countingDeliveries(hub);
    await publishSeparately(...five(), ...five({ kind: 7 }));
    expect([deliveries(), eventsIn(two.frames).length]).toEqual([6, 5]);
  });

  it("is sent once more by a switchboard that has forgotten what is wanted", async () => {
    const hub = relay.hub("a");
    await connect(hub).say("REQ", "s", { kinds: [7] });
    relay.restartSwitchboard();
    const deliveries = countingDeliveries(hub);
    await publishSeparately(...five(), ...five({ kind: 7 }));
    expect(deliveries()).toBe(6);
  });

  it("goes on coming, and is not told of again, when it has a key of something that is wanted", async () => {
    const declarations: Declaration[] = [];
    const { switchboard } = relay;
    const hub = relay.hub("a", {
      switchboard: {
        async declare(declaration) {
          declarations.push(declaration);
          return switchboard.declare(declaration);
        },
        publish: async (publications, origin) => switchboard.publish(publications, origin),
      },
    });
    await connect(hub).say("REQ", "s", { kinds: [7], authors: [AUTHORS[0]] });
    const deliveries = countingDeliveries(hub);
    await publishSeparately(...five());
    expect([deliveries(), declarations.length]).toEqual([5, 1]);
  });
});

describe("a hub that nobody listens on", () => {
  let logs: number;
  let meanwhile: () => void;
  let hub: Hub;
  /** Publishes events on the hub. Another source stores an event before each, so that each leaves a gap. */
  async function publishBetweenOthers(publisher: Client, count: number): Promise<void> {
    for (let n = 0; n < count; n += 1) {
      await relay.store.commit([signedEvent({ content: `${n} of another hub` })]);
      await publisher.say("EVENT", signedEvent({ content: String(n) }));
    }
    await relay.settled();
  }

  beforeEach(() => {
    logs = 0;
    meanwhile = () => undefined;
    const log: Relay["store"]["log"] = (after, limit) => {
      logs += 1;
      if (logs > 9) throw new Error("the log is read without end");
      meanwhile();
      return relay.store.log(after, limit);
    };
    hub = relay.hub("a", { store: { ...relay.store, log } });
  });

  /** Publishes two events. Returns what the subscriber gets, and how often the log was read. */
  async function sentLive(client: Client) {
    client.take();
    const [own, others] = [signedEvent({ content: "own" }), signedEvent({ content: "another's" })];
    await connect(hub).say("EVENT", own);
    await connect(relay.hub("b")).say("EVENT", others);
    await relay.settled();
    const contents = client.take().map(([, , event]) => (event as Event).content);
    return { contents, logs };
  }
  const LIVE_WITHOUT_LOG = { contents: ["own", "another's"], logs: 0 };

  it("keeps no account of the log, and the first who listens waits for nothing earlier", async () => {
    await publishBetweenOthers(connect(hub), 5);
    expect(hub.feed.position).toEqual(new LogPosition());
    const client = connect(hub);
    await client.say("REQ", "s", { kinds: [1] });
    expect(await sentLive(client)).toEqual(LIVE_WITHOUT_LOG);
  });

  it("starts afresh, too, when somebody listened before", async () => {
    const client = connect(hub);
    await client.say("REQ", "s", { kinds: [1] });
    await client.say("CLOSE", "s");
    await publishBetweenOthers(connect(hub), 5);
    await client.say("REQ", "s", { kinds: [1] });
    expect(await sentLive(client)).toEqual(LIVE_WITHOUT_LOG);
  });

  it("starts afresh when the last one left while it was out of memory", async () => {
    await connect(hub).say("REQ", "s", { kinds: [1] });
    hub = relay.hub("a", hub.deps);
    await publishBetweenOthers(connect(hub), 5);
    const client = connect(hub);
    await client.say("REQ", "s", { kinds: [1] });
    expect(await sentLive(client)).toEqual(LIVE_WITHOUT_LOG);
  });

  it("stops reading what was missed when the last one leaves meanwhile", async () => {
    const client = connect(hub);
    await client.say("REQ", "s", { kinds: [1] });
    await relay.store.commit([signedEvent()]);
    meanwhile = () => hub.close(client.session);
    await hub.deliver({ version: 1, spans: [], head: 1, events: [], ephemeral: [] });
    await relay.settled();
    expect(logs).toBe(1);
  });
});

describe("a session that ends", () => {
  it("ends its subscriptions; the last one tells the switchboard that nothing is wanted", async () => {
    const hub = relay.hub("a");
    const [one, two] = [connect(hub), connect(hub)];
    for (const client of [one, two]) await client.say("REQ", "s", { kinds: [1] });
    expect(hub.size).toBe(2);
    hub.close(one.session);
    hub.close(one.session);
    const deliveries: unknown[] = [];
    const deliver = hub.deliver.bind(hub);
    hub.deliver = (delivery) => {
      deliveries.push(delivery);
      return deliver(delivery);
    };
    const publisher = connect(relay.hub("b"));
    await publisher.say("EVENT", signedEvent({ content: "1" }));
    await relay.settled();
    expect([deliveries.length, eventsIn(one.frames).length, eventsIn(two.frames).length]).toEqual([1, 0, 1]);
    hub.close(two.session);
    await relay.settled();
    await publisher.say("EVENT", signedEvent({ content: "2" }));
    await relay.settled();
    expect([deliveries.length, hub.size]).toEqual([1, 0]);
    expect(relay.metrics.list()).toContainEqual({
      name: "cleanup_counts",
      labels: { source: "websocket" },
      amounts: [2],
    });
  });
});
