import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { ReadResult } from "../store/store.ts";
import { connect, eventsIn, NOW, openRelay, type Relay } from "../tests/fixtures/hubs.ts";
import { signedEvent } from "../tests/fixtures/signed-events.ts";
import { Subscription } from "./session.ts";

let relay: Relay;
beforeEach(() => {
  relay = openRelay({ MAX_FILTERS: "2", MAX_SUBSCRIPTIONS: "2", MAX_LIMIT: "3", DEFAULT_LIMIT: "2" });
});
afterEach(() => relay.close());

/** A hub whose reads have their answer at once, but hand it over only when told to. */
function slowHub() {
  const reads: { release(): void; fail(): void }[] = [];
  const read = async (...args: Parameters<Relay["store"]["read"]>): Promise<ReadResult> => {
    const answer = await relay.store.read(...args);
    return new Promise((resolve, reject) => {
      reads.push({ release: () => resolve(answer), fail: () => reject(new Error("D1 is away")) });
    });
  };
  const clock = { now: NOW };
  const hub = relay.hub("slow", { store: { ...relay.store, read }, now: () => clock.now });
  return { hub, clock, reads, hasRead: (count: number) => until(() => reads.length >= count) };
}

async function until(condition: () => boolean): Promise<void> {
  for (let n = 0; n < 1000 && !condition(); n += 1) await Promise.resolve();
  expect(condition()).toBe(true);
}

function gate(): [passed: Promise<void>, open: () => void] {
  const { promise, resolve } = Promise.withResolvers<void>();
  return [promise, resolve];
}

/** What a replica says that has not heard of anything yet. */
async function empty(queries: number): Promise<ReadResult> {
  const answers = Array.from({ length: queries }, () => ({ events: [], more: false }));
  return { head: 0, answers, cost: { rowsRead: 0, rowsWritten: 0 } };
}

const notes = (count: number) =>
  Array.from({ length: count }, (_, n) => signedEvent({ content: String(n), created_at: 1_700_000_000 + n }));

describe("[14] a REQ", () => {
  it("is answered newest first, then with EOSE", async () => {
    const events = notes(2);
    await relay.store.commit(events);
    const client = connect(relay.hub("a"));
    await client.say("REQ", "s", {});
    expect(client.take()).toEqual([
      ["EVENT", "s", events[1]],
      ["EVENT", "s", events[0]],
      ["EOSE", "s", ["finish"]],
    ]);
  });

  it("[19] says in its EOSE when there is more", async () => {
    await relay.store.commit(notes(4));
    const client = connect(relay.hub("a"));
    await client.say("REQ", "s", {});
    await client.say("REQ", "s", { limit: 1000 });
    const eoses = client.frames.filter(([verb]) => verb === "EOSE");
    expect(eoses).toEqual([
      ["EOSE", "s", ["more"]],
      ["EOSE", "s", ["more"]],
    ]);
    expect(eventsIn(client.frames)).toHaveLength(2 + 3);
  });

  it("with limit 0 is answered with EOSE at once, and is live", async () => {
    await relay.store.commit(notes(1));
    const client = connect(relay.hub("a"));
    await client.say("REQ", "s", { limit: 0 });
    const event = signedEvent({ content: "live" });
    await client.say("EVENT", event);
    expect(client.take().slice(0, 2)).toEqual([
      ["EOSE", "s", ["more"]],
      ["EVENT", "s", event],
    ]);
  });

  it("goes on beyond its limit when it is live", async () => {
    const client = connect(relay.hub("a"));
    await client.say("REQ", "s", { limit: 1 });
    for (const event of notes(3)) await client.say("EVENT", event);
    expect(eventsIn(client.frames)).toHaveLength(3);
  });

  it("[12] with an empty list is answered with EOSE, and nothing is live", async () => {
    await relay.store.commit(notes(1));
    const client = connect(relay.hub("a"));
    await client.say("REQ", "s", { kinds: [] });
    await client.say("EVENT", signedEvent({ content: "live" }));
    expect(client.take().map(([verb]) => verb)).toEqual(["EOSE", "OK"]);
  });
});

describe("[15] between the stored answer and live events", () => {
  it("there is no gap, nothing comes twice, and EOSE is before what is live", async () => {
    const { hub, reads, hasRead } = slowHub();
    const [stored, meanwhile, later] = notes(3);
    await relay.store.commit([stored!]);
    const client = connect(hub);
    const requested = client.say("REQ", "s", {});
    await hasRead(1);
    await client.say("EVENT", meanwhile);
    expect(client.take().map(([verb]) => verb)).toEqual(["OK"]);
    reads[0]!.release();
    await requested;
    await client.say("EVENT", later);
    expect(client.take().filter(([verb]) => verb !== "OK")).toEqual([
      ["EVENT", "s", stored],
      ["EOSE", "s", ["finish"]],
      ["EVENT", "s", meanwhile],
      ["EVENT", "s", later],
    ]);
  });

  it("an event that is in the answer and came live meanwhile is sent with the answer only", async () => {
    const { hub, reads, hasRead } = slowHub();
    const client = connect(hub);
    const [event] = notes(1);
    const { prev, last } = await relay.store.commit([event!]);
    const requested = client.say("REQ", "s", {});
    await hasRead(1);
    await hub.deliver({
      version: 1,
      spans: [{ prev, last }],
      head: last,
      events: [{ seq: last, event: event! }],
      ephemeral: [],
    });
    reads[0]!.release();
    await requested;
    expect(client.take()).toEqual([
      ["EVENT", "s", event],
      ["EOSE", "s", ["finish"]],
    ]);
  });

  it("[29] an event that came live meanwhile and has expired since is not sent", async () => {
    const { hub, clock, reads, hasRead } = slowHub();
    const client = connect(hub);
    const requested = client.say("REQ", "s", {});
    await hasRead(1);
    for (const seconds of [1, 2]) {
      const tags = [["expiration", String(NOW + seconds)]];
      await client.say("EVENT", signedEvent({ content: `${seconds} s`, tags }));
    }
    client.take();
    clock.now += 1;
    reads[0]!.release();
    await requested;
    expect(client.take()).toMatchObject([
      ["EOSE", "s", ["finish"]],
      ["EVENT", "s", { content: "2 s" }],
    ]);
  });

  it("what passed the hub by before the switchboard knew of the wish is read from the log", async () => {
    const { hub, reads, hasRead } = slowHub();
    const [declaring, declare] = gate();
    const { switchboard } = hub.deps;
    const declareNow = switchboard.declare;
    switchboard.declare = async (declaration) => {
      await declaring;
      return declareNow(declaration);
    };
    const client = connect(hub);
    const requested = client.say("REQ", "s", { kinds: [1] });
    await hasRead(1);
    const [event] = notes(1);
    await connect(relay.hub("other")).say("EVENT", event);
    await relay.settled();
    declare();
    reads[0]!.release();
    await requested;
    await relay.settled();
    expect(client.take()).toEqual([
      ["EOSE", "s", ["finish"]],
      ["EVENT", "s", event],
    ]);
  });

  it("an older answer than what the hub knows of is made good from the log", async () => {
    const hub = relay.hub("a", {
      store: { ...relay.store, read: (queries) => empty(queries.length) },
    });
    const client = connect(hub);
    const [one, two] = notes(2);
    await client.say("EVENT", one);
    await client.say("EVENT", two);
    client.take();
    await client.say("REQ", "s", { kinds: [1] });
    expect(client.take()).toEqual([
      ["EOSE", "s", ["finish"]],
      ["EVENT", "s", one],
      ["EVENT", "s", two],
    ]);
  });
});

describe("a hub that holds as many subscriptions as it can", () => {
  it("refuses others, until some have been closed", async () => {
    const hub = relay.hub("a");
    const [holder, client] = [connect(hub), connect(hub)];
    const values = Array.from({ length: 100 }, (_, n) => `${n} ${"x".repeat(300_000)}`);
    hub.subscribe(new Subscription(holder.session, "large", [{ tags: [{ name: "t", values }] }], 0));
    expect(hub.isFull).toBe(true);
    await client.say("REQ", "s", { kinds: [1] });
    expect(client.take()).toEqual([
      ["CLOSED", "s", expect.stringMatching(/^rate-limited: .*try again later/)],
    ]);
    await holder.say("CLOSE", "large");
    expect(hub.isFull).toBe(false);
    await client.say("REQ", "s", { kinds: [1] });
    expect(client.take()).toEqual([["EOSE", "s", ["finish"]]]);
  });
});

describe("[10] a REQ with the id of another", () => {
  it("replaces it: one EOSE for the new one, none for the old", async () => {
    const { hub, reads, hasRead } = slowHub();
    const events = notes(2);
    await relay.store.commit(events);
    const client = connect(hub);
    const first = client.say("REQ", "s", { ids: [events[0]!.id] });
    await hasRead(1);
    const second = client.say("REQ", "s", { ids: [events[1]!.id] });
    await hasRead(2);
    for (const read of [1, 0]) reads[read]!.release();
    await Promise.all([first, second]);
    expect(client.take()).toEqual([
      ["EVENT", "s", events[1]],
      ["EOSE", "s", ["finish"]],
    ]);
    expect([...client.records]).toMatchObject([["s", { filters: [{ ids: [events[1]!.id] }] }]]);
  });

  it("leaves nothing of the old one alive, even when it is refused", async () => {
    const client = connect(relay.hub("a"));
    await client.say("REQ", "s", { kinds: [1] });
    await client.say("REQ", "s", { kinds: [7] });
    await client.say("EVENT", signedEvent());
    expect(eventsIn(client.take())).toEqual([]);
    await client.say("REQ", "s", { kinds: [7] }, { ids: ["x"] });
    await client.say("EVENT", signedEvent({ kind: 7 }));
    expect(client.take().map(([verb]) => verb)).toEqual(["CLOSED", "OK"]);
    expect(client.records.size).toBe(0);
  });

  it("closed before its answer came is not answered at all", async () => {
    const { hub, reads, hasRead } = slowHub();
    await relay.store.commit(notes(1));
    const client = connect(hub);
    const requested = client.say("REQ", "s", {});
    await hasRead(1);
    await client.say("CLOSE", "s");
    reads[0]!.release();
    await requested;
    expect(client.take()).toEqual([]);
    expect(client.records.size).toBe(0);
  });

  it("on another connection is another subscription", async () => {
    const hub = relay.hub("a");
    const [one, two] = [connect(hub), connect(hub)];
    await one.say("REQ", "s", { kinds: [1] });
    await two.say("REQ", "s", { kinds: [7] });
    await one.say("EVENT", signedEvent());
    expect([eventsIn(one.frames).length, eventsIn(two.frames).length]).toEqual([1, 0]);
  });
});

describe("[17] a REQ is CLOSED", () => {
  it("with too many filters", async () => {
    const client = connect(relay.hub("a"));
    await client.say("REQ", "s", {}, {}, {});
    expect(client.take()).toEqual([["CLOSED", "s", "invalid: 3 filters, at most 2 are taken"]]);
  });

  it("beyond the most subscriptions of a connection; replacing one is always possible", async () => {
    const hub = relay.hub("a");
    const client = connect(hub);
    for (const id of ["a", "b", "c", "a"]) await client.say("REQ", id, {});
    expect(client.take().map(([verb, id]) => [verb, id])).toEqual([
      ["EOSE", "a"],
      ["EOSE", "b"],
      ["CLOSED", "c"],
      ["EOSE", "a"],
    ]);
    const other = connect(hub);
    await other.say("REQ", "c", {});
    expect(other.take().map(([verb]) => verb)).toEqual(["EOSE"]);
  });

  it("when its stored events cannot be read, and is not live either", async () => {
    const { hub, reads, hasRead } = slowHub();
    const client = connect(hub);
    const requested = client.say("REQ", "s", {});
    await hasRead(1);
    reads[0]!.fail();
    await requested;
    await client.say("EVENT", signedEvent());
    expect(client.take().map(([verb, , text]) => [verb, text])).toEqual([
      ["CLOSED", expect.stringMatching(/^error: (?!.*D1)/)],
      ["OK", true],
    ]);
    expect(relay.reported).toEqual([new Error("D1 is away")]);
  });

  it("when the switchboard cannot be told of it", async () => {
    const hub = relay.hub("a");
    hub.deps.switchboard.declare = () => Promise.reject(new Error("the switchboard is away"));
    const client = connect(hub);
    await client.say("REQ", "s", {});
    expect(client.take()).toEqual([["CLOSED", "s", expect.stringMatching(/^error: ./)]]);
  });
});
