/** A hub refuses clients that ask for too much, and other clients notice nothing. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { type Client, connect, eventsIn, NOW, openRelay, type Relay } from "../../tests/fixtures/hubs.ts";
import { authEvent } from "../../tests/fixtures/people.ts";
import { AUTHORS, signedEvent } from "../../tests/fixtures/signed-events.ts";
import { strangersIdentity } from "../../tests/fixtures/strangers.ts";
import { gate } from "../../tests/fixtures/turn.ts";
import { atCost, oneStep, slowly } from "../../tests/fixtures/steps.ts";
import type { Hub } from "../session/hub.ts";

let relay: Relay | undefined;
afterEach(() => relay?.close());

function open(settings: Record<string, string> = {}) {
  relay = openRelay(settings);
  const clock = { now: NOW };
  const current = relay;
  return { relay: current, clock, hub: (name = "a") => current.hub(name, { now: () => clock.now }) };
}

function connectFrom(hub: Hub, ip: string | undefined, keys: string[] = []): Client {
  return connect(hub, { ...strangersIdentity(), ip, keys });
}

const TOO_MUCH = /^rate-limited: too many requests; retry in \d+ s$/;
const ADDRESS = "203.0.113.7";

/** Sends REQs until one is refused, at most 100. Returns their number. */
async function askUntilRefused(client: Client): Promise<number> {
  for (let asked = 1; asked <= 100; asked += 1) {
    await client.say("REQ", "s", { limit: 1 });
    if (client.take().some(([verb]) => verb === "CLOSED")) return asked;
  }
  throw new Error("it was never refused");
}

describe("[17] [18] rate limits", () => {
  it("answers everything that asks with the refusal that belongs to it, and takes a CLOSE", async () => {
    const { hub } = open({ RATE_LIMIT: "1000" });
    const client = connectFrom(hub(), ADDRESS);
    await client.say("REQ", "open", { kinds: [7] });
    await askUntilRefused(client);
    const event = signedEvent();
    await client.say("EVENT", event);
    await client.say("REQ", "r", {});
    await client.say("COUNT", "c", {});
    await client.say("NEG-OPEN", "n", {}, "61");
    await client.say("CLOSE", "open");
    expect(client.take()).toEqual([
      ["OK", event.id, false, expect.stringMatching(TOO_MUCH)],
      ["CLOSED", "r", expect.stringMatching(TOO_MUCH)],
      ["CLOSED", "c", expect.stringMatching(TOO_MUCH)],
      ["NEG-ERR", "n", expect.stringMatching(TOO_MUCH)],
    ]);
    expect(client.session.subscriptions.has("open")).toBe(false);
  });

  it("serves again after the seconds that it named", async () => {
    const { hub, clock } = open({ RATE_LIMIT: "1000" });
    const client = connectFrom(hub(), ADDRESS);
    await askUntilRefused(client);
    await client.say("REQ", "r", {});
    const [, , reason] = client.take()[0] as [string, string, string];
    clock.now += Number(/(\d+) s$/.exec(reason)?.[1]);
    await client.say("REQ", "r", {});
    expect(client.take()).toEqual([["EOSE", "r"]]);
  });

  it("hold for the address: a new connection, and a hub that has slept, go on with the same debt", async () => {
    const { hub, clock } = open({ RATE_LIMIT: "1000" });
    const first = hub();
    await askUntilRefused(connectFrom(first, ADDRESS));
    const again = connectFrom(first, ADDRESS);
    await again.say("REQ", "r", {});
    expect(again.take()).toMatchObject([["CLOSED", "r", expect.stringMatching(TOO_MUCH)]]);
    // A client that asks again too early has to wait longer.
    for (let n = 0; n < 10; n += 1) await again.say("REQ", "r", {});
    clock.now += 1;
    await again.say("REQ", "r", {});
    const woken = hub();
    expect(woken.refusalOf(ADDRESS)).toMatchObject({ prefix: "rate-limited" });
    expect(woken.refusalOf("203.0.113.8")).toBeUndefined();
  });

  it("make connecting itself cost something", () => {
    const { hub } = open({ RATE_LIMIT: "1000" });
    const [one, outcomes] = [hub(), new Set<boolean>()];
    for (let n = 0; n < 30; n += 1) outcomes.add(one.refusalOf("2001:db8::1") === undefined);
    expect(outcomes).toEqual(new Set([true, false]));
    expect(one.refusalOf("2001:db8:0:0:ffff::2")).toBeDefined();
    expect(one.refusalOf("2001:db8:0:1::1")).toBeUndefined();
  });

  it("hold for a key, wherever it comes from", async () => {
    const { hub } = open({ RATE_LIMIT: "1000" });
    const one = hub();
    await askUntilRefused(connectFrom(one, ADDRESS, [AUTHORS[0]!]));
    const elsewhere = connectFrom(one, "198.51.100.1", [AUTHORS[0]!]);
    await elsewhere.say("REQ", "r", {});
    expect(elsewhere.take()).toMatchObject([["CLOSED", "r", expect.stringMatching(TOO_MUCH)]]);
    const other = connectFrom(one, "198.51.100.1", [AUTHORS[1]!]);
    await other.say("REQ", "r", {});
    expect(other.take()).toEqual([["EOSE", "r"]]);
  });

  it("do not charge an author for the events that others send, new to the relay or not", async () => {
    const { hub } = open({ RATE_LIMIT: "1000" });
    const one = hub();
    const tags = Array.from({ length: 40 }, () => ["x", "y"]);
    for (let n = 1; n < 12; n += 1)
      await connectFrom(one, `198.51.100.${n}`).say("EVENT", signedEvent({ content: `old ${n}`, tags }));
    const event = signedEvent({ content: "new" });
    for (const keys of [[], [event.pubkey]]) {
      const author = connectFrom(one, ADDRESS, keys);
      await author.say("EVENT", event);
      expect(author.take()).toEqual([["OK", event.id, true, expect.any(String)]]);
    }
  });

  it("charge a key for what it publishes on connections that have authenticated as it", async () => {
    const { hub } = open({ RATE_LIMIT: "1000" });
    const one = hub();
    const tags = Array.from({ length: 40 }, () => ["x", "y"]);
    const [first, second] = [signedEvent({ content: "1", tags }), signedEvent({ content: "2" })];
    const author = connectFrom(one, ADDRESS, [first.pubkey]);
    await author.say("EVENT", first);
    const elsewhere = connectFrom(one, "198.51.100.30", [first.pubkey]);
    await elsewhere.say("EVENT", second);
    expect(author.take()).toEqual([["OK", first.id, true, ""]]);
    expect(elsewhere.take()).toEqual([["OK", second.id, false, expect.stringMatching(TOO_MUCH)]]);
  });

  it.each([undefined, "127.0.0.1", "::1"])("do not hold for a client at %s", async (ip) => {
    const { hub } = open({ RATE_LIMIT: "1000" });
    const client = connectFrom(hub(), ip, [AUTHORS[0]!]);
    await expect(askUntilRefused(client)).rejects.toThrow("never refused");
  });

  it.each([
    ["REQ", (n: number) => ["REQ", `s${n}`, { kinds: [1] }]],
    ["COUNT", (n: number) => ["COUNT", `s${n}`, { kinds: [1] }]],
  ])("hold for those %ss too that came together and wait for their turn", async (_verb, message) => {
    const { relay: opened, hub } = open({ RATE_LIMIT: "10000" });
    const { store } = opened;
    const dear = { charge: 6000 };
    const [read, count] = [store.read.bind(store), store.count.bind(store)];
    store.read = (queries) => atCost(read(queries), dear);
    store.count = (queries) => atCost(count(queries), dear);
    const client = connectFrom(hub(), ADDRESS);
    await Promise.all(Array.from({ length: 20 }, (_, n) => client.say(...message(n))));
    const refused = client.frames.filter(([verb]) => verb === "CLOSED");
    // Three run at once, and a few more start before the first ones are charged.
    expect(refused.length).toBeGreaterThanOrEqual(20 - 5);
    expect(refused.every(([, , reason]) => TOO_MUCH.test(reason as string))).toBe(true);
    expect(client.frames).toHaveLength(20);
  });

  it("hold for those who ask anew and anew, and wait for no answer; in the end they are cut off", async () => {
    const { hub } = open({ RATE_LIMIT: "1000" });
    const client = connectFrom(hub(), ADDRESS);
    await client.say("REQ", "open", { kinds: [7] });
    client.take();
    await Promise.all(Array.from({ length: 200 }, () => client.say("REQ", "s", { kinds: [1], limit: 1 })));
    const refused = client.frames.filter(([verb, id]) => verb === "CLOSED" && id === "s");
    // As many as cost a second allowance.
    expect(refused.length).toBeGreaterThan(10);
    expect(refused.length).toBeLessThan(30);
    expect(client.frames.at(-1)).toEqual(["CLOSED", "open", expect.stringMatching(TOO_MUCH)]);
    expect(client.closings).toEqual([[1008, expect.stringMatching(TOO_MUCH)]]);
  });

  it("cut off who asks 200 times in a row without waiting, and not who waits now and then", async () => {
    const { hub, clock } = open({ RATE_LIMIT: "1000000" });
    const one = hub();
    one.limiter.charge({ network: ADDRESS, keys: [] }, 1_000_001);
    const [rude, polite] = [connectFrom(one, ADDRESS), connectFrom(one, ADDRESS)];
    for (let n = 0; n < 250; n += 1) await rude.say("REQ", "s", {});
    expect(rude.frames).toHaveLength(201);
    expect(rude.closings).toEqual([[1008, expect.stringMatching(TOO_MUCH)]]);
    for (let n = 0; n < 250; n += 1) {
      if (n === 150) clock.now += 5;
      await polite.say("REQ", "s", {});
    }
    expect(polite.closings).toEqual([]);
  });

  it("hold for proofs, each of which is a signature to check", async () => {
    const { relay: opened } = open({ RATE_LIMIT: "4000" });
    let checked = 0;
    const verify = () => {
      checked += 1;
      return false;
    };
    const client = connectFrom(opened.hub("a", { verify }), ADDRESS);
    const proof = authEvent(AUTHORS[0]!);
    for (let n = 0; n < 100; n += 1) await client.say("AUTH", proof);
    expect(checked).toBeLessThan(40);
    expect(client.frames.at(-1)).toEqual(["OK", proof.id, false, expect.stringMatching(TOO_MUCH)]);
  });

  it("hold for rounds of a reconciliation, which look at all of its events", async () => {
    const { relay: opened } = open({ RATE_LIMIT: "10000" });
    const records = () => oneStep(() => new Uint8Array(40 * 100_000));
    const client = connectFrom(opened.hub("a", { store: { ...opened.store, records } }), ADDRESS);
    // One fingerprint of everything. The relay answers with fingerprints of the parts.
    const differs = `61000001${"00".repeat(16)}`;
    await client.say("NEG-OPEN", "n", {}, differs);
    for (let n = 0; n < 10; n += 1) await client.say("NEG-MSG", "n", differs);
    expect(client.frames.at(-1)).toEqual(["NEG-ERR", "n", expect.stringMatching(TOO_MUCH)]);
    expect(client.frames.filter(([verb]) => verb === "NEG-MSG").length).toBeLessThan(7);
  });

  it("hold for what subscribers are sent: who subscribes to the same a hundred times is cut off", async () => {
    const { hub } = open({ RATE_LIMIT: "10000", MAX_SUBSCRIPTIONS: "100" });
    const one = hub();
    const [greedy, modest] = [connectFrom(one, ADDRESS), connectFrom(one, "203.0.113.8")];
    for (let n = 0; n < 50; n += 1) await greedy.say("REQ", `s${n}`, { kinds: [20_001], limit: 0 });
    await modest.say("REQ", "s", { kinds: [20_001], limit: 0 });
    await connectFrom(one, undefined).say(
      "EVENT",
      signedEvent({ kind: 20_001, content: "x".repeat(200_000) }),
    );
    expect(eventsIn(greedy.frames).length).toBeLessThan(30);
    expect(greedy.closings).toEqual([[1008, expect.stringMatching(TOO_MUCH)]]);
    expect(eventsIn(modest.frames)).toHaveLength(1);
    expect(modest.closings).toEqual([]);
  });

  it("are off with RATE_LIMIT=off", async () => {
    const { hub } = open({ RATE_LIMIT: "off" });
    await expect(askUntilRefused(connectFrom(hub(), ADDRESS))).rejects.toThrow("never refused");
  });

  it("of a fresh installation let a client come with 5,000 follows, 20 subscriptions and 50 events", async () => {
    const { hub } = open();
    const client = connectFrom(hub(), ADDRESS);
    const authors = Array.from({ length: 5000 }, (_, n) => n.toString(16).padStart(64, "0"));
    for (let n = 0; n < 19; n += 1) await client.say("REQ", `s${n}`, { kinds: [n + 20] });
    await client.say("REQ", "follows", { authors });
    for (let n = 0; n < 50; n += 1) await client.say("EVENT", signedEvent({ content: String(n) }));
    expect(client.frames.filter(([verb]) => verb === "EOSE")).toHaveLength(20);
    expect(client.frames.filter(([verb, , accepted]) => verb === "OK" && accepted)).toHaveLength(50);
  });

  it("count what they refuse, or would have refused", async () => {
    const limited = open({ RATE_LIMIT: "1000" });
    await askUntilRefused(connectFrom(limited.hub(), ADDRESS));
    const source = "websocket";
    expect(limited.relay.metrics.list()).toContainEqual({
      name: "clients_limited_total",
      labels: { source },
      amounts: [1],
    });
    limited.relay.close();
    const dry = open({ RATE_LIMIT: "1000", POLICY_DRY_RUN: "on" });
    await expect(askUntilRefused(connectFrom(dry.hub(), ADDRESS))).rejects.toThrow("never refused");
    expect(dry.relay.metrics.list()).toContainEqual({
      name: "clients_would_refuse_total",
      labels: { source },
      amounts: [1],
    });
    expect(dry.relay.reported).toEqual([
      expect.stringMatching(/^dry run: RATE_LIMIT would have made a client wait \d+ s$/),
    ]);
  });
});

describe("[17] limits of size", () => {
  it("a message that is too long is answered by what it was, and the connection goes on", async () => {
    const { hub } = open({ MAX_MESSAGE_LENGTH: "1024" });
    const client = connectFrom(hub(), undefined);
    const event = signedEvent({ content: "é".repeat(1024) });
    await client.say("REQ", "s", { kinds: [7] });
    await client.say("EVENT", event);
    await client.say("REQ", "s", { "#t": ["x".repeat(1024)] });
    await client.say("WHAT", "x".repeat(1024));
    const sentence = "invalid: the message is longer than 1024 bytes";
    expect(client.frames.slice(1)).toEqual([
      ["OK", event.id, false, sentence],
      ["CLOSED", "s", sentence],
      ["NOTICE", `${sentence}: "[\\"WHAT\\",\\"${"x".repeat(31)}"`],
    ]);
    expect(client.session.subscriptions.size).toBe(0);
  });

  it("all values of a connection's subscriptions together", async () => {
    const { hub } = open({ MAX_FILTER_VALUES: "1000" });
    const client = connectFrom(hub(), undefined);
    const kinds = Array.from({ length: 600 }, (_, n) => n);
    await client.say("REQ", "a", { kinds });
    await client.say("REQ", "b", { "#t": kinds.map(String) });
    await client.say("REQ", "a", { kinds }, { kinds: kinds.slice(0, 400) });
    await client.say("COUNT", "c", { kinds }, { kinds: kinds.slice(0, 401) });
    await client.say("NEG-OPEN", "n", { kinds, "#t": kinds.slice(0, 401).map(String) }, "61");
    const TOO_MANY = expect.stringMatching(
      /^error: 1001 ids, authors, .* at most 1000 are allowed: ask for less/,
    );
    expect(client.frames).toEqual([
      ["EOSE", "a"],
      [
        "CLOSED",
        "b",
        expect.stringMatching(
          /^rate-limited: .* would have 1200 .* at most 1000 are allowed: close one first/,
        ),
      ],
      ["EOSE", "a"],
      ["CLOSED", "c", TOO_MANY],
      ["NEG-ERR", "n", TOO_MANY],
    ]);
  });

  it("without a look at the subscriptions that are open", async () => {
    const { hub } = open();
    const client = connectFrom(hub(), undefined);
    let looks = 0;
    for (let n = 0; n < 90; n += 1) {
      await client.say("REQ", `${n}`, { kinds: [2000 + n] });
      for (const filter of client.session.subscriptions.get(`${n}`)?.filters ?? []) {
        const { kinds } = filter;
        Object.defineProperty(filter, "kinds", { get: () => ((looks += 1), kinds) });
      }
    }
    // Each is looked at once, when its keys are declared.
    await vi.waitFor(() => expect(looks).toBe(90));
    await client.say("REQ", "new", { kinds: [1] });
    expect([client.session.subscriptions.size, looks]).toEqual([91, 90]);
    await client.say("CLOSE", "7");
    await client.say("REQ", "new", { kinds: [1, 2, 3] });
    expect([client.session.subscriptions.size, client.session.values]).toEqual([90, 92]);
  });
});

it("what is asked anew is not kept until its turn comes", async () => {
  const { relay, hub } = open();
  const client = connectFrom(hub(), undefined);
  const { store } = relay;
  const [waits, release] = gate();
  const [read, count] = [store.read.bind(store), store.count.bind(store)];
  store.read = (queries) => slowly(read(queries), { before: () => waits });
  store.count = (queries) => slowly(count(queries), { before: () => waits });
  const replaced = Array.from({ length: 50 }, () => client.say("REQ", "s", { kinds: [1] }));
  const counts = Array.from({ length: 25 }, (_, n) => client.say("COUNT", `c${n}`, { kinds: [1] }));
  // All but those whose read has started, and the latest, end before the database answers.
  await Promise.all(replaced.slice(3, -1));
  await Promise.all(counts.slice(20));
  expect(client.take().map(([verb]) => verb)).toEqual(Array.from({ length: 5 }, () => "CLOSED"));
  release();
  await Promise.all([...replaced, ...counts]);
  const verbs = client.take().map(([verb]) => verb);
  expect(verbs.filter((verb) => verb === "EOSE")).toHaveLength(1);
  expect(verbs.filter((verb) => verb === "COUNT")).toHaveLength(20);
});

it("[10] a flood of REQs with one id reads a few times, and is answered once", async () => {
  const { relay, hub } = open();
  const read = vi.spyOn(relay.store, "read");
  const client = connectFrom(hub(), undefined);
  await Promise.all(Array.from({ length: 500 }, () => client.say("REQ", "s", {})));
  expect(client.take()).toEqual([["EOSE", "s"]]);
  expect(read.mock.calls.length).toBeLessThan(20);
});

describe("connections of one network", () => {
  const connectTimes = (hub: Hub, ips: string[]): Client[] => ips.map((ip) => connectFrom(hub, ip));

  it("are bounded, each network for itself, and one that closes makes room", () => {
    const { hub } = open({ MAX_CONNECTIONS: "2" });
    const one = hub();
    const [first] = connectTimes(one, ["203.0.113.7", "::ffff:203.0.113.7", "2001:db8::1"]);
    expect(one.crowding("203.0.113.7")).toEqual({
      prefix: "rate-limited",
      reason: "your network has 2 open connections, the maximum (MAX_CONNECTIONS): close one first",
      seconds: 60,
    });
    expect(one.crowding("203.0.113.8")).toBeUndefined();
    expect(one.crowding("2001:db8::ffff")).toBeUndefined();
    connectTimes(one, ["2001:db8::2"]);
    expect(one.crowding("2001:db8::ffff")).toBeDefined();
    one.close(first!.session);
    one.close(first!.session);
    expect(one.crowding("203.0.113.7")).toBeUndefined();
    connectTimes(one, ["203.0.113.7"]);
    expect(one.crowding("203.0.113.7")).toBeDefined();
  });

  it("share one bound when their addresses cannot be read, and have none on this machine", () => {
    const { hub } = open({ MAX_CONNECTIONS: "2" });
    const one = hub();
    connectTimes(one, ["127.0.0.1", "127.0.0.1", "127.0.0.1", "nobody", "1:2:3"]);
    expect([one.crowding("127.0.0.1"), one.crowding(undefined)]).toEqual([undefined, undefined]);
    expect(one.crowding("somebody")).toBeDefined();
  });
});
