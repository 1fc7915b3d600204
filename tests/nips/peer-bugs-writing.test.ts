/** Mistakes of other relays with incoming events. Each title says what must not happen. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Event, eventId, newestFirst } from "../../nostr/event.ts";
import { eventsIn, NOW, openRelay, type Relay, SEES_INSIDE } from "../fixtures/hubs.ts";
import {
  addressOf,
  ALICE,
  BOB,
  by,
  CAROL,
  deletion,
  visit,
  type Visitor,
  visitor,
} from "../fixtures/people.ts";
import { connect } from "../fixtures/hubs.ts";

let relay: Relay;
let client: Visitor;
beforeEach(() => {
  relay = openRelay();
  client = visit(relay);
});
afterEach(() => relay.close());

const INVALID = [false, expect.stringMatching(/^invalid: ./)];
const DELETED = [false, expect.stringMatching(/^blocked: ./)];
const DUPLICATE = [true, expect.stringMatching(/^duplicate: ./)];

describe("an event that is none", () => {
  it("[1] a valid signature does not carry an event under an id of its sender's choice", async () => {
    const event = by(ALICE);
    expect(await client.publish({ ...event, id: "0".repeat(64) })).toEqual(INVALID);
    expect(await client.sees({})).toEqual([]);
  });

  it("[1] a forged copy that comes first does not keep the real event out", async () => {
    const event = by(ALICE);
    const other = by(ALICE, { content: "other" });
    for (const forged of [
      { ...event, sig: other.sig },
      { ...other, id: event.id },
      { ...event, content: "forged" },
    ]) {
      expect(await client.publish(forged)).toEqual(INVALID);
    }
    expect(await client.publish(event)).toEqual([true, ""]);
  });

  it("[1] nor does it when both are under way at once", async () => {
    const event = by(ALICE);
    const forged = { ...event, sig: by(BOB).sig };
    await Promise.all([forged, event, forged].map((each) => client.say("EVENT", each)));
    expect(client.take().filter(([, , accepted]) => accepted)).toEqual([["OK", event.id, true, ""]]);
    expect(await client.sees({ ids: [event.id] })).toEqual([event.id]);
  });

  it("[2] nobody is somebody else by writing their key in upper case", async () => {
    const event = by(ALICE);
    const shouted = { ...event, pubkey: ALICE.toUpperCase() };
    for (const one of [
      shouted,
      { ...shouted, id: eventId(shouted) },
      { ...event, id: event.id.toUpperCase() },
      { ...event, sig: event.sig.toUpperCase() },
    ]) {
      expect((await client.publish(one).catch(() => INVALID))[0]).toBe(false);
    }
    expect(await client.sees({})).toEqual([]);
  });

  it.each<[string, object]>([
    ["created_at", { created_at: String(NOW) }],
    ["created_at", { created_at: NOW + 0.5 }],
    ["created_at", { created_at: 2 ** 53 }],
    ["kind", { kind: "1" }],
    ["content", { content: null }],
    ["tags", { tags: [["t", 1]] }],
    ["tags", { tags: [[]] }],
  ])("[2] what hashes right and is no %s is not stored under a wrong id: %j", async (_, wrong) => {
    const event = { ...by(ALICE), ...wrong } as Event;
    expect(await client.publish({ ...event, id: eventId(event) })).toEqual(INVALID);
  });
});

describe("what is replaced", () => {
  const tied = [0, 1, 2].map((n) => by(ALICE, { kind: 0, content: String(n) })).toSorted(newestFirst);
  const [best, middle, worst] = tied as [Event, Event, Event];

  it.each([
    [[best, middle, worst]],
    [[worst, middle, best]],
    [[middle, best, worst]],
    [[middle, worst, best]],
  ])("[5] at a tie the first or last arrival does not win", async (arriving) => {
    for (const event of arriving) await visit(relay).publish(event);
    expect(await client.sees({ kinds: [0] })).toEqual([best.id]);
  });

  it("[5] writers on two hubs do not leave two versions, nor none", async () => {
    const writers = [visit(relay, "a"), visit(relay, "b"), visit(relay, "c")];
    await Promise.all(tied.map((event, at) => writers[at]!.say("EVENT", event)));
    expect(await client.sees({})).toEqual([best.id]);
  });

  it("[5] addressable events without a d tag do not pile up", async () => {
    const versions = [NOW - 3, NOW - 1, NOW - 2].map((created_at) => by(ALICE, { kind: 30_000, created_at }));
    for (const event of versions) await client.publish(event);
    expect(await client.sees({ kinds: [30_000] })).toEqual([versions[1]!.id]);
  });

  it("[4] kind 41 does not replace, nor do kinds that no range names", async () => {
    for (const kind of [41, 45, 999, 40_000]) {
      for (const content of ["one", "two"]) await client.publish(by(ALICE, { kind, content }));
      expect(await client.sees({ kinds: [kind] })).toHaveLength(2);
    }
  });

  it("[16] [18] a version that came too late is not refused, nor sent to anybody", async () => {
    const listener = visit(relay, "b");
    await client.publish(best);
    await listener.say("REQ", "live", { limit: 0 });
    for (const late of [middle, worst]) expect(await client.publish(late)).toEqual(DUPLICATE);
    await relay.settled();
    expect(eventsIn(listener.frames)).toEqual([]);
  });

  it("[18] a duplicate is not a failure, on whichever hub", async () => {
    const event = by(ALICE);
    await client.publish(event);
    expect(await client.publish(event)).toEqual(DUPLICATE);
    expect(await visit(relay, "b").publish(event)).toEqual(DUPLICATE);
  });
});

describe("a deletion request", () => {
  it("[21] one foreign or unknown id does not spare the rest", async () => {
    const [own, foreign] = [by(ALICE), by(BOB)];
    for (const event of [own, foreign]) await client.publish(event);
    const named = [foreign.id, "f".repeat(64), own.id].map((id) => ["e", id]);
    expect(await client.publish(deletion(ALICE, named))).toEqual([true, ""]);
    expect(await client.sees({ kinds: [1] })).toEqual([foreign.id]);
  });

  it("[21] more than a hundred ids are not too many", async () => {
    const events = Array.from({ length: 150 }, (_, n) => by(ALICE, { content: String(n) }));
    for (const event of events) await client.say("EVENT", event);
    await client.publish(
      deletion(
        ALICE,
        events.map(({ id }) => ["e", id]),
      ),
    );
    expect(await client.sees({ kinds: [1] })).toEqual([]);
  });

  it("[21] [22] with nothing but addresses it is not thrown away", async () => {
    const event = by(ALICE, { kind: 30_023, tags: [["d", "x"]] });
    await client.publish(event);
    const listener = visit(relay, "b");
    await listener.say("REQ", "live", { kinds: [5] });
    const request = deletion(ALICE, [["a", addressOf(event)]]);
    expect(await client.publish(request)).toEqual([true, ""]);
    await relay.settled();
    expect(eventsIn(listener.frames)).toEqual([["live", request.id]]);
    expect(await client.sees({})).toEqual([request.id]);
  });

  it("[22] that comes late it does not remove newer versions", async () => {
    const version = by(ALICE, { kind: 10_002, created_at: NOW - 10 });
    await client.publish(version);
    await client.publish(deletion(ALICE, [["a", addressOf(version)]], { created_at: NOW - 11 }));
    expect(await client.sees({ kinds: [10_002] })).toEqual([version.id]);
  });

  it("[22] an address without its second colon does not delete what it does not name", async () => {
    const event = by(ALICE, { kind: 30_023, tags: [["d", "x"]] });
    await client.publish(event);
    await client.publish(deletion(ALICE, [["a", `30023:${ALICE}x`]]));
    expect(await client.sees({ kinds: [30_023] })).toEqual([event.id]);
  });

  it("[22] tags of one element do not crash anything", async () => {
    const tags = [["d"], ["a"], ["e"], ["p"], ["k"], [""], ["expiration"], ["-x"]];
    for (const kind of [5, 1, 30_000, 1059]) {
      expect(await client.publish(by(ALICE, { kind, tags }))).toEqual([true, ""]);
    }
  });

  it("[23] that is lost on the way in because its event is not there yet is not how deletions end", async () => {
    const event = by(ALICE, { kind: 30_023, tags: [["d", "x"]] });
    await client.publish(
      deletion(ALICE, [
        ["a", addressOf(event)],
        ["e", "f".repeat(64)],
      ]),
    );
    expect(await visit(relay, "b").publish(event)).toEqual(DELETED);
  });

  it("[23] a stranger does not censor an event before it arrives, by id nor by address", async () => {
    const event = by(ALICE, { kind: 30_023, tags: [["d", "x"]] });
    for (const stranger of [BOB, CAROL]) {
      await client.publish(
        deletion(stranger, [
          ["e", event.id],
          ["a", addressOf(event)],
          ["p", ALICE],
        ]),
      );
    }
    expect(await client.publish(event)).toEqual([true, ""]);
  });

  it("[23] kind 5 does not delete kind 5, by id nor by a request that names it first", async () => {
    const request = deletion(ALICE, [["e", "f".repeat(64)]]);
    await client.publish(
      deletion(
        ALICE,
        [
          ["e", request.id],
          ["a", `5:${ALICE}:`],
        ],
        { content: "first" },
      ),
    );
    expect(await client.publish(request)).toEqual([true, ""]);
    expect(await client.sees({ kinds: [5] })).toHaveLength(2);
  });
});

describe("a request to vanish", () => {
  const vanish = (...relays: string[]) =>
    by(ALICE, { kind: 62, created_at: NOW - 50, tags: relays.map((url) => ["relay", url]) });

  it("[25] that also names another relay is not ignored", async () => {
    await client.publish(by(ALICE));
    await client.publish(vanish("wss://other.example", "ws://localhost:8787"));
    expect(await client.sees({ kinds: [1] })).toEqual([]);
  });

  it("[25] does not remove what is newer, nor ban its author for ever", async () => {
    const newer = by(ALICE, { created_at: NOW - 49 });
    await client.publish(newer);
    await client.publish(vanish("ALL_RELAYS"));
    expect(await client.publish(by(ALICE, { created_at: NOW }))).toEqual([true, ""]);
    expect(await client.sees({ kinds: [1] })).toHaveLength(2);
  });

  it("[25] does not leave behind what ids alone still find", async () => {
    const event = by(ALICE);
    await client.publish(event);
    await client.publish(vanish("ALL_RELAYS"));
    expect(await client.sees({ ids: [event.id] })).toEqual([]);
  });
});

describe("what is not to be stored", () => {
  it("[7] an ephemeral event with an expiration does not stay", async () => {
    const tags = [["expiration", String(NOW + 1000)]];
    for (const kind of [20_001, 21_059, 24_133]) await client.publish(by(ALICE, { kind, tags }));
    await client.authenticate(BOB);
    expect(await client.sees({ authors: [ALICE] }, { kinds: [20_001, 21_059, 24_133] })).toEqual([]);
  });

  it.runIf(SEES_INSIDE)(
    "[29] an expired gift wrap is not taken, and one that expires is not shown after",
    async () => {
      const wrap = (at: number) =>
        by(CAROL, {
          kind: 1059,
          tags: [
            ["p", BOB],
            ["expiration", String(at)],
          ],
        });
      expect(await client.publish(wrap(NOW))).toEqual([false, "invalid: event expired"]);
      await client.publish(wrap(NOW + 1));
      const late = visitor(connect(relay.hub("late", { now: () => NOW + 1 })));
      await late.authenticate(BOB);
      expect(await late.sees({ kinds: [1059] })).toEqual([]);
    },
  );

  it("[32] a repost does not carry a protected event past by breaking its copy", async () => {
    const guarded = by(ALICE, { tags: [["-"]] });
    for (const copy of [{ ...guarded, sig: "" }, { tags: guarded.tags }, { ...guarded, id: "x" }]) {
      const repost = by(BOB, { kind: 6, content: JSON.stringify(copy) });
      expect(await client.publish(repost)).toEqual([false, expect.stringMatching(/^blocked: ./)]);
    }
  });
});
