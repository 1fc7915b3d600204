/** Mistakes of other relays with queries and live events. Each title says what must not happen. */
import { oneStep } from "../fixtures/steps.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { connect, eventsIn, NOW, openRelay, type Relay, SEES_INSIDE } from "../fixtures/hubs.ts";
import { ALICE, BOB, by, CAROL, visit, type Visitor, visitor } from "../fixtures/people.ts";

let relay: Relay;
let client: Visitor;
beforeEach(() => {
  relay = openRelay();
  client = visit(relay);
});
afterEach(() => relay.close());

const hex = (n: number) => n.toString(16).padStart(64, "0");

/** Returns unsigned events. They are quick to make, and the store does not check signatures. */
function rows(count: number, draft: (n: number) => Partial<Event>): Event[] {
  return Array.from({ length: count }, (_, n) => ({
    id: hex(n + 1),
    pubkey: hex(7),
    sig: "ab".repeat(64),
    created_at: n,
    kind: 1,
    tags: [],
    content: "",
    ...draft(n),
  }));
}

/** Publishes events, one a second from 1970 on. Returns their ids, the newest first. */
async function fill(count: number, draft: (n: number) => Partial<Event> = () => ({})): Promise<string[]> {
  const events = Array.from({ length: count }, (_, n) => by(ALICE, { created_at: n, ...draft(n) }));
  await Promise.all(events.map((event) => client.say("EVENT", event)));
  client.take();
  return events.map(({ id }) => id).toReversed();
}

describe("stored answers", () => {
  it("[15] a question that was asked before is not answered with what was stored then", async () => {
    const filter = { kinds: [1], limit: 50 };
    for (const hub of ["a", "b"]) expect(await visit(relay, hub).sees(filter)).toEqual([]);
    const event = by(ALICE);
    await client.publish(event);
    for (const hub of ["a", "b", "c"]) expect(await visit(relay, hub).sees(filter)).toEqual([event.id]);
  });

  it.runIf(SEES_INSIDE)("[17] a store that fails does not look like one without events", async () => {
    const read = () => oneStep<never>(() => Promise.reject(new Error("D1 is away")));
    const other = connect(relay.hub("b", { store: { ...relay.store, read } }));
    await other.say("REQ", "s", { kinds: [1] });
    expect(other.take()).toEqual([["CLOSED", "s", expect.stringMatching(/^error: ./)]]);
  });

  it.runIf(SEES_INSIDE)("[14] a popular tag is not too popular to be answered", async () => {
    const events = rows(10_500, () => ({
      tags: [
        ["p", ALICE],
        ["t", "nostr"],
      ],
    }));
    for (let from = 0; from < events.length; from += 500)
      await relay.store.commit(events.slice(from, from + 500));
    for (const filter of [{ "#p": [ALICE] }, { "#t": ["nostr"] }, { "#p": [ALICE], "#t": ["nostr"] }]) {
      expect(await client.sees({ ...filter, limit: 1 })).toEqual([hex(10_500)]);
    }
  });

  it.runIf(SEES_INSIDE)(
    "[11] a feed of 5,000 authors is not empty, with no other condition and with all of them",
    async () => {
      const events = rows(20, (n) => ({ pubkey: hex(1000 + n), tags: [["t", "x"]] }));
      await relay.store.commit(events);
      const feed = { authors: Array.from({ length: 5000 }, (_, n) => hex(n)) };
      for (const rest of [
        {},
        { kinds: [1] },
        { kinds: [1, 6], since: 0, until: NOW, "#t": ["x"], limit: 20 },
      ]) {
        expect(await client.sees({ ...feed, ...rest })).toHaveLength(20);
      }
    },
  );

  it("[11] two and three tag conditions do not match nothing, nor what meets one of them", async () => {
    const tags = [
      ["t", "x"],
      ["p", BOB],
      ["e", hex(5)],
    ];
    const events = [0, 1, 2, 3, 4, 5, 6, 7].map((bits) =>
      by(ALICE, { content: `${bits}`, tags: tags.filter((_, at) => bits & (1 << at)) }),
    );
    await client.say("REQ", "two", { "#t": ["x"], "#p": [BOB, CAROL], limit: 0 });
    await client.say("REQ", "three", { "#t": ["x", "y"], "#p": [BOB], "#e": [hex(5)], limit: 0 });
    client.take();
    for (const event of events) await client.say("EVENT", event);
    const both = [events[3]!.id, events[7]!.id];
    expect(eventsIn(client.take())).toEqual([
      ["two", both[0]],
      ["two", both[1]],
      ["three", both[1]],
    ]);
    expect(new Set(await client.sees({ "#t": ["x"], "#p": [BOB] }))).toEqual(new Set(both));
    expect(await client.sees({ "#t": ["x", "y"], "#p": [BOB], "#e": [hex(5), hex(6)] })).toEqual([both[1]]);
  });

  it("[14] a filter that fills its limit does not starve the next one", async () => {
    const ids = await fill(600, (n) => ({ kind: n < 3 ? 7 : 1 }));
    const seen = await client.sees({ kinds: [1], limit: 500 }, { kinds: [7], limit: 2 });
    expect(seen).toHaveLength(502);
    expect(seen.slice(-2)).toEqual(ids.slice(-3, -1));
  });

  it("[13] zero is not the same as no bound", async () => {
    const [, , first] = await fill(3);
    expect(await client.sees({ until: 0 })).toEqual([first]);
    expect(await client.sees({ since: 0 })).toHaveLength(3);
    expect(await client.sees({ until: 0 }, { until: 0, since: 0 })).toEqual([first]);
    expect(await client.sees({ since: 2, until: 1 })).toEqual([]);
  });

  it("[12] [14] an empty list does not match everything, and limit 0 is not the default", async () => {
    const [, , first] = await fill(3);
    for (const field of ["ids", "authors", "kinds", "#e", "#t"]) {
      expect(await client.sees({ [field]: [] })).toEqual([]);
      expect(await client.sees({ [field]: [] }, { ids: [first] })).toEqual([first]);
    }
    expect(await client.sees({ limit: 0 })).toEqual([]);
  });

  it("[14] values that are given twice do not double events, nor crash", async () => {
    const [second, first] = await fill(2, () => ({
      tags: [
        ["t", "x"],
        ["t", "x"],
      ],
    }));
    const twice = { ids: [first, first], authors: [ALICE, ALICE], kinds: [1, 1], "#t": ["x", "x"] };
    for (const [field, values] of Object.entries(twice)) {
      const seen = (await client.sees({ [field]: values }, {}, { "#t": ["x"] })) as string[];
      expect(seen).toEqual([second, first]);
    }
    expect(
      await client.sees({ ...twice, until: Number.MAX_SAFE_INTEGER, limit: Number.MAX_SAFE_INTEGER }),
    ).toEqual([first]);
  });

  it("[8] [17] a filter field that means something to JavaScript does not mean anything here", async () => {
    for (const field of ["__proto__", "constructor", "toString"]) {
      await client.sayText(`["REQ","s",{"${field}":{"kinds":[1]}}]`);
      await client.say("REQ", field, {});
      await client.say("CLOSE", field);
      expect(client.take().map(([verb, id]) => [verb, id])).toEqual([
        ["CLOSED", "s"],
        ["EOSE", field],
      ]);
    }
  });
});

describe("subscriptions", () => {
  it("[17] tag filters are not forgotten when events are live", async () => {
    const filters = { e: { "#e": [hex(5)] }, p: { "#p": [BOB] }, t: { "#t": ["x"] } };
    for (const [id, filter] of Object.entries(filters)) await client.say("REQ", id, filter);
    client.take();
    const wanted = [
      ["e", hex(5)],
      ["p", BOB],
      ["t", "x"],
    ].map((tag) => by(ALICE, { tags: [tag] }));
    const other = visit(relay, "b");
    await other.publish(
      by(ALICE, {
        tags: [
          ["e", hex(6)],
          ["p", CAROL],
          ["t", "X"],
          ["x", hex(5)],
        ],
      }),
    );
    for (const event of wanted) await other.publish(event);
    await relay.settled();
    expect(eventsIn(client.take())).toEqual(wanted.map(({ id, tags }) => [tags[0]![0], id]));
  });

  it("[15] not only the first that matches is told, and none is told once for each filter", async () => {
    const hub = relay.hub("a");
    const [one, two] = [connect(hub), connect(hub)];
    for (const each of [one, two]) {
      for (const id of ["s", "t"]) await each.say("REQ", id, {}, { kinds: [1] }, { authors: [ALICE] });
      each.take();
    }
    const event = by(ALICE);
    await visit(relay, "b").publish(event);
    await relay.settled();
    for (const each of [one, two])
      expect(eventsIn(each.take())).toEqual([
        ["s", event.id],
        ["t", event.id],
      ]);
  });

  // Over sockets the first may have been answered when the second comes.
  it.runIf(SEES_INSIDE)(
    "[10] an id that is used again and again does not bring an EOSE for each",
    async () => {
      const asked = [1, 2, 3].map((kind) => client.say("REQ", "s", { kinds: [kind] }));
      await Promise.all(asked);
      expect(client.take()).toEqual([["EOSE", "s"]]);
      await client.say("EVENT", by(ALICE));
      expect(eventsIn(client.take())).toEqual([]);
    },
  );

  it("[10] CLOSE is not answered, known or not", async () => {
    await client.say("REQ", "s", {});
    client.take();
    for (const id of ["s", "s", "never"]) await client.say("CLOSE", id);
    expect(client.take()).toEqual([]);
  });

  it("[7] an AUTH event is not passed on, by whatever verb it comes", async () => {
    await client.say("REQ", "live", {});
    client.take();
    const auth = by(ALICE, { kind: 22_242, created_at: NOW });
    for (const verb of ["EVENT", "AUTH"]) await visit(relay, "b").say(verb, auth);
    await relay.settled();
    expect(client.take()).toEqual([]);
  });
});

describe("rate limits", () => {
  it.runIf(SEES_INSIDE)(
    "[17] who keeps within the rate does not starve, however short the pauses are",
    async () => {
      relay.close();
      relay = openRelay({ RATE_LIMIT: "6000" });
      let now = NOW;
      const steady = visitor(connect(relay.hub("a", { now: () => now }), { ip: "192.0.2.1" }));
      for (let n = 0; n < 200; n += 1) {
        now += 5;
        expect(await steady.publish(by(ALICE, { content: `${n}`, created_at: now }))).toEqual([true, ""]);
      }
    },
  );
});
