/** NIP-09: deletion requests. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NOW, openRelay, type Relay, SEES_INSIDE } from "../fixtures/hubs.ts";
import { addressOf, ALICE, BOB, by, CAROL, deletion, visit, type Visitor } from "../fixtures/people.ts";

let relay: Relay;
let alice: Visitor;
beforeEach(() => {
  relay = openRelay();
  alice = visit(relay);
});
afterEach(() => relay.close());

const DELETED = [false, expect.stringMatching(/^blocked: its author or its recipient has deleted it/)];

describe("[21] a deletion request for events", () => {
  it("removes its author's events, and stays and is served for ever", async () => {
    const [one, two, kept] = ["one", "two", "kept"].map((content) => by(ALICE, { content }));
    for (const event of [one, two, kept]) await alice.publish(event);
    const request = deletion(ALICE, [
      ["e", one!.id],
      ["e", two!.id],
    ]);
    expect(await alice.publish(request)).toEqual([true, ""]);
    expect(await alice.sees({})).toEqual([request.id, kept!.id]);
    expect(await alice.sees({ ids: [one!.id] })).toEqual([]);
  });

  it("is delivered live", async () => {
    await alice.say("REQ", "live", { kinds: [5], limit: 0 });
    const request = deletion(ALICE, [["e", "a".repeat(64)]]);
    await alice.publish(request);
    await relay.settled();
    expect(alice.frames.filter(([verb]) => verb === "EVENT")).toEqual([["EVENT", "live", request]]);
  });

  it("deletes what is the author's own, whatever else it names", async () => {
    const [own, foreign] = [by(ALICE, { content: "own" }), by(BOB, { content: "foreign" })];
    for (const event of [own, foreign]) await alice.publish(event);
    const request = deletion(ALICE, [
      ["e", foreign.id],
      ["e", "f".repeat(64)],
      ["e"],
      ["e", "not an id"],
      ["a", "nonsense"],
      ["a", `1:${ALICE}:`],
      ["d"],
      ["e", own.id],
    ]);
    expect(await alice.publish(request)).toEqual([true, ""]);
    expect(await alice.sees({ kinds: [1] })).toEqual([foreign.id]);
  });
});

describe("[22] a deletion request for addresses", () => {
  it.each([0, 3, 10_002, 30_023])("removes versions of kind %i up to its own time", async (kind) => {
    const version = (created_at: number) => by(ALICE, { kind, created_at, tags: [["d", ""]] });
    const [old, now, later] = [version(NOW - 90), version(NOW - 50), version(NOW - 49)];
    await alice.publish(now);
    await alice.publish(deletion(ALICE, [["a", addressOf(now)]], { created_at: NOW - 50 }));
    expect(await alice.sees({ kinds: [kind] })).toEqual([]);
    expect(await alice.publish(now)).toEqual(DELETED);
    expect(await alice.publish(old)).toEqual(DELETED);
    expect(await alice.publish(later)).toEqual([true, ""]);
    expect(await alice.sees({ kinds: [kind] })).toEqual([later.id]);
  });

  it("leaves newer versions, other addresses and other authors alone", async () => {
    const tagged = (pubkey: string, d: string, created_at: number) =>
      by(pubkey, { kind: 30_023, created_at, tags: [["d", d]] });
    const [newer, other, foreign] = [
      tagged(ALICE, "x", NOW - 10),
      tagged(ALICE, "y", NOW - 90),
      tagged(BOB, "x", NOW - 90),
    ];
    for (const event of [newer, other, foreign]) await alice.publish(event);
    await alice.publish(deletion(ALICE, [["a", `30023:${ALICE}:x`]]));
    await alice.publish(deletion(ALICE, [["a", `30023:${BOB}:x`]], { content: "not mine" }));
    const seen = await alice.sees({ kinds: [30_023] });
    expect(new Set(seen)).toEqual(new Set([newer, other, foreign].map(({ id }) => id)));
  });

  it.each(["a:b:c", ":", 'quo"te', "", "日本\u0000"])("knows the d tag %j", async (d) => {
    const event = by(ALICE, { kind: 30_000, tags: [["d", d]] });
    await alice.publish(event);
    await alice.publish(deletion(ALICE, [["a", `30000:${ALICE}:${d}`]]));
    expect(await alice.sees({ kinds: [30_000] })).toEqual([]);
    expect(await alice.publish(event)).toEqual(DELETED);
  });

  it("takes the address of a replaceable kind with and without its last colon", async () => {
    for (const [kind, address] of [
      [10_002, `10002:${ALICE}:`],
      [10_003, `10003:${ALICE}`],
    ] as const) {
      await alice.publish(by(ALICE, { kind }));
      await alice.publish(deletion(ALICE, [["a", address]]));
      expect(await alice.sees({ kinds: [kind] })).toEqual([]);
    }
  });
});

describe("[23] what has been deleted", () => {
  it("does not come back, at any hub, also when the request came first", async () => {
    const event = by(ALICE);
    await alice.publish(deletion(ALICE, [["e", event.id]]));
    expect(await alice.publish(event)).toEqual(DELETED);
    expect(await visit(relay, "b").publish(event)).toEqual(DELETED);
    expect(await alice.sees({ kinds: [1] })).toEqual([]);
  });

  it.runIf(SEES_INSIDE)("is not stored by any other source either", async () => {
    const event = by(ALICE);
    await alice.publish(deletion(ALICE, [["e", event.id]]));
    expect((await relay.store.commit([event])).fates).toEqual([{ kind: "deleted" }]);
  });

  it("a stranger's request does not keep an event out, nor remove it", async () => {
    const event = by(ALICE);
    const stranger = visit(relay, "b");
    await stranger.publish(deletion(BOB, [["e", event.id]]));
    expect(await alice.publish(event)).toEqual([true, ""]);
    await stranger.publish(deletion(BOB, [["e", event.id]], { content: "again" }));
    expect(await alice.sees({ kinds: [1] })).toEqual([event.id]);
  });

  it("requests to delete and to vanish cannot be deleted", async () => {
    const event = by(ALICE);
    const request = deletion(ALICE, [["e", event.id]]);
    const second = deletion(ALICE, [["e", request.id]], { created_at: NOW - 40 });
    await alice.publish(event);
    for (const each of [request, second]) await alice.publish(each);
    expect(await alice.sees({ kinds: [5] })).toEqual([second.id, request.id]);
    expect(await alice.publish(event)).toEqual(DELETED);

    const vanish = by(BOB, { kind: 62, tags: [["relay", "ALL_RELAYS"]], created_at: NOW - 60 });
    await alice.publish(vanish);
    await alice.publish(deletion(BOB, [["e", vanish.id]]));
    expect(await alice.sees({ kinds: [62] })).toEqual([vanish.id]);
    expect(await alice.publish(by(BOB, { created_at: NOW - 61 }))).toEqual(DELETED);
  });

  it("requests to delete cannot be deleted before they come", async () => {
    const event = by(ALICE);
    const request = deletion(ALICE, [["e", event.id]]);
    await alice.publish(deletion(ALICE, [["e", request.id]], { created_at: NOW - 40 }));
    expect(await alice.publish(request)).toEqual([true, ""]);
    expect(await alice.publish(event)).toEqual(DELETED);
  });

  it("an event and its deletion that meet in one batch end as the order of their arrival does not matter", async () => {
    const [before, after] = [by(ALICE, { content: "before" }), by(ALICE, { content: "after" })];
    const request = deletion(ALICE, [
      ["e", before.id],
      ["e", after.id],
    ]);
    await Promise.all([before, request, after].map((event) => alice.say("EVENT", event)));
    expect(await alice.sees({})).toEqual([request.id]);
  });

  it("a forged request deletes nothing", async () => {
    const event = by(ALICE);
    await alice.publish(event);
    const forged = { ...deletion(ALICE, [["e", event.id]]), sig: event.sig };
    expect(await alice.publish(forged)).toEqual([false, expect.stringMatching(/^invalid: /)]);
    expect(await alice.sees({ kinds: [1] })).toEqual([event.id]);
  });
});

describe("[24] a gift wrap", () => {
  const wrap = (...recipients: string[]) =>
    by(ALICE, { kind: 1059, content: recipients.join(), tags: recipients.map((pubkey) => ["p", pubkey]) });

  it("may be deleted by those it is for, and by nobody else", async () => {
    const [first, second] = [wrap("e".repeat(64), BOB), wrap(BOB)];
    const bob = visit(relay, "b");
    await bob.authenticate(BOB);
    for (const event of [first, second]) await alice.publish(event);
    await alice.publish(deletion(CAROL, [["e", first.id]]));
    expect(await bob.sees({ kinds: [1059] })).toHaveLength(2);
    await bob.publish(deletion(BOB, [["e", first.id]]));
    expect(await bob.sees({ kinds: [1059] })).toEqual([second.id]);
    expect(await alice.publish(first)).toEqual(DELETED);
    expect(await alice.publish(second)).toEqual([true, expect.stringMatching(/^duplicate: /)]);
  });

  it("that is deleted before it comes is not stored", async () => {
    const event = wrap(BOB);
    await alice.publish(deletion(BOB, [["e", event.id]]));
    expect(await alice.publish(event)).toEqual(DELETED);
  });
});
