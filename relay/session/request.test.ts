import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { ReadResult } from "../../store/store.ts";
import type { Work } from "../../store/work.ts";
import { oneStep, slowly } from "../../tests/fixtures/steps.ts";
import { connect, eventsIn, NOW, openRelay, type Relay } from "../../tests/fixtures/hubs.ts";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import { strangersIdentity } from "../../tests/fixtures/strangers.ts";
import { gate } from "../../tests/fixtures/turn.ts";
import { Subscription } from "../live/subscription.ts";

let relay: Relay;
const SETTINGS = { MAX_FILTERS: "2", MAX_SUBSCRIPTIONS: "2", MAX_LIMIT: "3", DEFAULT_LIMIT: "2" };
beforeEach(() => {
  relay = openRelay(SETTINGS);
});
afterEach(() => relay.close());

/** Returns a hub whose reads run at once, but return their result only when the test says so. */
function slowHub() {
  const reads: { release(): void; fail(): void }[] = [];
  const read = (...args: Parameters<Relay["store"]["read"]>) => {
    let isFirst = true;
    return slowly(relay.store.read(...args), {
      async after() {
        if (!isFirst) return;
        isFirst = false;
        await new Promise<void>((resolve, reject) => {
          reads.push({ release: () => resolve(), fail: () => reject(new Error("D1 is away")) });
        });
      },
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

/** Returns the answer of a database replica that has no events yet. */
function empty(queries: number): Work<ReadResult> {
  return oneStep(() => ({
    head: 0,
    answers: Array.from({ length: queries }, () => ({ events: [], more: false })),
  }));
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
      ["EOSE", "s"],
    ]);
  });

  it("[19] says in its EOSE when there is more, with EOSE_HINTS=on", async () => {
    const hinting = openRelay({ ...SETTINGS, EOSE_HINTS: "on" });
    onTestFinished(() => hinting.close());
    await hinting.store.commit(notes(4));
    const client = connect(hinting.hub("a"));
    await client.say("REQ", "s", {});
    await client.say("REQ", "s", { limit: 1000 });
    await client.say("REQ", "s", { limit: 0 });
    await client.say("REQ", "s", { limit: 1, ids: [notes(1)[0]?.id] });
    const eoses = client.frames.filter(([verb]) => verb === "EOSE");
    expect(eoses).toEqual([
      ["EOSE", "s", ["more"]],
      ["EOSE", "s", ["more"]],
      ["EOSE", "s", ["more"]],
      ["EOSE", "s", ["finish"]],
    ]);
    expect(eventsIn(client.frames)).toHaveLength(2 + 3 + 1);
  });

  it("[19] ends in an EOSE of two elements, which every client reads", async () => {
    await relay.store.commit(notes(4));
    const client = connect(relay.hub("a"));
    await client.say("REQ", "all", {});
    await client.say("REQ", "none", { kinds: [2] });
    expect(client.frames.filter(([verb]) => verb === "EOSE")).toEqual([
      ["EOSE", "all"],
      ["EOSE", "none"],
    ]);
  });

  it("with limit 0 is answered with EOSE at once, and is live", async () => {
    await relay.store.commit(notes(1));
    const client = connect(relay.hub("a"));
    await client.say("REQ", "s", { limit: 0 });
    const event = signedEvent({ content: "live" });
    await client.say("EVENT", event);
    expect(client.take().slice(0, 2)).toEqual([
      ["EOSE", "s"],
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
      ["EOSE", "s"],
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
      ["EOSE", "s"],
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
      ["EOSE", "s"],
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
      ["EOSE", "s"],
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
    await relay.settled();
    expect(client.take()).toEqual([
      ["EOSE", "s"],
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
    hub.subscriptions.open(new Subscription(holder.session, "large", [{ tags: [{ name: "t", values }] }], 0));
    expect(hub.isFull).toBe(true);
    await client.say("REQ", "s", { kinds: [1] });
    expect(client.take()).toEqual([
      ["CLOSED", "s", expect.stringMatching(/^rate-limited: .*try again later/)],
    ]);
    await holder.say("CLOSE", "large");
    expect(hub.isFull).toBe(false);
    await client.say("REQ", "s", { kinds: [1] });
    expect(client.take()).toEqual([["EOSE", "s"]]);
  });
});

describe("a network whose subscriptions take all that one may have", () => {
  it("is refused, until some have been closed, and others are not", async () => {
    const hub = relay.hub("a");
    const from = (ip: string) => connect(hub, { ...strangersIdentity(), ip });
    const [holder, neighbour, other] = [from("203.0.113.7"), from("203.0.113.7"), from("203.0.113.8")];
    const values = Array.from({ length: 13 }, (_, n) => `${n} ${"x".repeat(300_000)}`);
    hub.subscriptions.open(new Subscription(holder.session, "large", [{ tags: [{ name: "t", values }] }], 0));
    for (const client of [neighbour, other]) await client.say("REQ", "s", { kinds: [1] });
    expect(neighbour.take()).toEqual([
      ["CLOSED", "s", expect.stringMatching(/^rate-limited: .*your network/)],
    ]);
    expect(other.take()).toEqual([["EOSE", "s"]]);
    await holder.say("CLOSE", "large");
    await neighbour.say("REQ", "s", { kinds: [1] });
    expect(neighbour.take()).toEqual([["EOSE", "s"]]);
  });
});

describe("REQs of thousands of values", () => {
  /** Returns a hub whose pauses last until the test ends them, and a client whose REQs are so large that they wait. */
  async function busyHub() {
    const pauses: (() => void)[] = [];
    const hub = relay.hub("a", { pause: () => new Promise((end) => void pauses.push(end)) });
    const [early, client] = [connect(hub, { ip: "192.0.2.1" }), connect(hub, { ip: "192.0.2.1" })];
    const tags = (first: number) => ({ "#t": Array.from({ length: 1800 }, (_, n) => `${1800 * first + n}`) });
    for (let n = 0; n < 3; n += 1) await early.say("REQ", "s", tags(n));
    expect(early.take()).toEqual(Array.from({ length: 3 }, () => ["EOSE", "s"]));
    const waiting = ["second", "third"].map((name, n) => client.say("REQ", name, tags(n + 3)));
    await settled();
    return {
      hub,
      client,
      /** Ends the pauses until all REQs are answered. */
      async goOn() {
        const ending = setInterval(() => {
          for (const end of pauses.splice(0)) end();
        });
        await Promise.all(waiting).finally(() => clearInterval(ending));
      },
    };
  }
  const settled = () => new Promise((later) => setTimeout(later));

  it("are filed in slices, between which others are answered", async () => {
    const { hub, client, goOn } = await busyHub();
    expect(client.take()).toEqual([]);
    const other = connect(hub, { ip: "192.0.2.2" });
    await other.say("REQ", "s", { kinds: [7] });
    expect(other.take()).toEqual([["EOSE", "s"]]);
    expect(client.take()).toEqual([]);
    await goOn();
    expect(client.take()).toEqual([
      ["EOSE", "second"],
      ["EOSE", "third"],
    ]);
  });

  it("are not filed when they are closed, or when memory is full, before their turn comes", async () => {
    const { hub, client, goOn } = await busyHub();
    await client.say("CLOSE", "second");
    const values = Array.from({ length: 100 }, (_, n) => `${n} ${"x".repeat(300_000)}`);
    hub.subscriptions.open(
      new Subscription(connect(hub).session, "large", [{ tags: [{ name: "t", values }] }], 0),
    );
    await goOn();
    expect(client.take()).toEqual([["CLOSED", "third", expect.stringMatching(/^rate-limited: /)]]);
    expect(client.session.subscriptions.size).toBe(0);
  });
});

describe("[10] a REQ with the id of another", () => {
  it("replaces it: one EOSE for the new one, none for the old", async () => {
    const { hub, reads, hasRead } = slowHub();
    const events = notes(2);
    await relay.store.commit(events);
    const client = connect(hub);
    const one = (event: { id: string }) => ({ ids: [event.id, "f".repeat(64)] });
    const first = client.say("REQ", "s", one(events[0]!));
    await hasRead(1);
    const second = client.say("REQ", "s", one(events[1]!));
    await hasRead(2);
    for (const read of [1, 0]) reads[read]!.release();
    await Promise.all([first, second]);
    await relay.settled();
    expect(client.take()).toEqual([
      ["EVENT", "s", events[1]],
      ["EOSE", "s"],
    ]);
    expect([...client.records]).toMatchObject([["s", { filters: [one(events[1]!)] }]]);
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
    expect(client.take()).toEqual([["CLOSED", "s", "error: 3 filters are too many; at most 2 are allowed"]]);
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
