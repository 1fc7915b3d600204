/** What other relays get wrong about what they are asked. Each title says what must not happen. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openRelay, type Relay } from "../fixtures/hubs.ts";
import { ALICE, BOB, by, visit, type Visitor } from "../fixtures/people.ts";

let relay: Relay;
let client: Visitor;
beforeEach(() => {
  relay = openRelay();
  client = visit(relay);
});
afterEach(() => relay.close());

describe("an answer", () => {
  it("[14] is not stale: the same REQ of another connection sees what came since", async () => {
    const filter = { kinds: [1], limit: 50 };
    expect(await client.sees(filter)).toEqual([]);
    const event = by(ALICE);
    await client.publish(event);
    expect(await visit(relay).sees(filter)).toEqual([event.id]);
    expect(await visit(relay, "b").sees(filter)).toEqual([event.id]);
  });

  it("[11] does not stay away because a tag is popular", async () => {
    const tags = [["t", "popular"]];
    const newest = by(ALICE, { tags, content: "the newest" });
    for (let batch = 0; batch < 22; batch += 1) {
      await relay.store.commit(
        Array.from({ length: 500 }, (_, n) => ({
          ...newest,
          id: (1 + batch * 500 + n).toString(16).padStart(64, "0"),
          created_at: 1 + batch,
        })),
      );
    }
    await client.publish(newest);
    expect(await client.sees({ "#t": ["popular"], limit: 1 })).toEqual([newest.id]);
  });

  it("[11] does not stay away because a feed follows 5,000", async () => {
    const event = by(ALICE);
    await client.publish(event);
    const others = Array.from({ length: 4999 }, (_, n) => n.toString(16).padStart(64, "0"));
    expect(await client.sees({ authors: [...others, ALICE], kinds: [1] })).toEqual([event.id]);
  });

  it("[11] with two and three tag conditions has what meets all of them", async () => {
    const tagged = (...letters: string[]) => by(ALICE, { tags: letters.map((letter) => [letter, "x"]) });
    const [two, three, one] = [tagged("t", "r"), tagged("t", "r", "l"), tagged("t")];
    for (const event of [two, three, one]) await client.publish(event);
    const seen = await client.sees({ "#t": ["x"], "#r": ["x"] });
    expect(new Set(seen)).toEqual(new Set([two.id, three.id]));
    expect(await client.sees({ "#t": ["x"], "#r": ["x"], "#l": ["x"] })).toEqual([three.id]);
  });

  it("[14] to a second filter is not eaten up by the first", async () => {
    const notes = [1, 2, 3].map((n) => by(ALICE, { content: String(n) }));
    const other = by(BOB, { kind: 7, created_at: 1 });
    for (const event of [...notes, other]) await client.publish(event);
    expect(await client.sees({ kinds: [1], limit: 2 }, { kinds: [7], limit: 1 })).toHaveLength(3);
  });

  it("[13] takes until: 0 and since: 0 for times", async () => {
    const [first, later] = [by(ALICE, { created_at: 0 }), by(ALICE, { created_at: 1 })];
    for (const event of [first, later]) await client.publish(event);
    expect(await client.sees({ until: 0 })).toEqual([first.id]);
    expect(await client.sees({ since: 0 })).toHaveLength(2);
  });

  it("[12] to empty lists is not everything", async () => {
    await client.publish(by(ALICE));
    for (const filter of [{ ids: [] }, { authors: [] }, { kinds: [] }, { "#t": [] }]) {
      expect(await client.sees(filter)).toEqual([]);
    }
  });

  it("[17] is not an empty one when the database is away", async () => {
    const read = () => Promise.reject(new Error("D1 is away"));
    const hub = relay.hub("broken", { store: { ...relay.store, read, count: read } });
    const session = client.session;
    client.take();
    await hub.receive(
      hub.open(
        { send: (frame) => session.send(frame), close: () => undefined },
        session.memory,
        { challenge: "", addresses: [], ip: undefined, keys: [] },
        [],
      ),
      JSON.stringify(["REQ", "s", {}]),
    );
    expect(client.take()).toEqual([["CLOSED", "s", expect.stringMatching(/^error: /)]]);
  });
});

describe("[31] [33] [36] nobody learns of private events", () => {
  it("by counting or reconciling them", async () => {
    await client.publish(
      by(BOB, {
        kind: 1059,
        tags: [
          ["p", "e".repeat(64)],
          ["p", ALICE],
        ],
      }),
    );
    await client.say("COUNT", "c", {});
    expect(client.take()).toContainEqual(["COUNT", "c", { count: 0 }]);
    await client.say("NEG-OPEN", "n", {}, "6100000200");
    expect(JSON.stringify(client.take())).not.toMatch(/[0-9a-f]{64}/);
    for (const kinds of [[1059], [4, 1059]]) {
      await client.say("COUNT", "c", { kinds });
      expect(client.take()).toEqual([["CLOSED", "c", expect.stringMatching(/^auth-required: /)]]);
    }
    await client.authenticate(ALICE);
    await client.say("COUNT", "c", { kinds: [1059] });
    expect(client.take()).toEqual([["COUNT", "c", { count: 1 }]]);
  });
});
