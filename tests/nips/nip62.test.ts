/** NIP-62: requests to vanish. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { NOW, openRelay, type Relay, SEES_INSIDE } from "../fixtures/hubs.ts";
import { STRANGER } from "../fixtures/strangers.ts";
import { openWholeRelay, post, stored } from "../fixtures/whole-relay.ts";
import { ALICE, BOB, by, CAROL, deletion, visit, type Visitor } from "../fixtures/people.ts";

let relay: Relay;
let client: Visitor;
beforeEach(() => {
  relay = openRelay();
  client = visit(relay);
});
afterEach(() => relay.close());

const CUT_OFF = NOW - 50;
const DELETED = [false, expect.stringMatching(/^blocked: its author or its recipient has deleted it/)];

function vanish(pubkey: string, ...relays: string[]): Event {
  return by(pubkey, { kind: 62, created_at: CUT_OFF, tags: relays.map((url) => ["relay", url]) });
}

describe("[25] a request to vanish", () => {
  it("removes everything of its author up to its time, requests to delete too, and nothing else", async () => {
    const old = [1, 0, 30_023, 7].map((kind) => by(ALICE, { kind, created_at: CUT_OFF - kind }));
    const same = by(ALICE, { content: "the same second", created_at: CUT_OFF });
    const later = by(ALICE, { content: "later", created_at: CUT_OFF + 1 });
    const request = deletion(ALICE, [["e", "a".repeat(64)]], { created_at: CUT_OFF - 1 });
    const foreign = by(BOB, { created_at: CUT_OFF - 9, tags: [["p", ALICE]] });
    for (const event of [...old, same, later, request, foreign]) await client.publish(event);
    const wish = vanish(ALICE, "ALL_RELAYS");
    expect(await client.publish(wish)).toEqual([true, ""]);
    expect(await client.sees({})).toEqual([later.id, wish.id, foreign.id]);
  });

  it("keeps out what comes back later, at any hub, and takes what is newer", async () => {
    await client.publish(vanish(ALICE, "ALL_RELAYS"));
    const [old, newer] = [by(ALICE, { created_at: CUT_OFF }), by(ALICE, { created_at: CUT_OFF + 1 })];
    expect(await client.publish(old)).toEqual(DELETED);
    expect(await visit(relay, "b").publish(old)).toEqual(DELETED);
    expect(await client.publish(newer)).toEqual([true, ""]);
    expect(await client.sees({ kinds: [1] })).toEqual([newer.id]);
  });

  it.runIf(SEES_INSIDE)("keeps out what any other source brings", async () => {
    await client.publish(vanish(ALICE, "ALL_RELAYS"));
    const { fates } = await relay.store.commit([by(ALICE, { created_at: CUT_OFF })]);
    expect(fates).toEqual([{ kind: "deleted" }]);
  });

  it("keeps back ephemeral events of that time", async () => {
    const listener = visit(relay, "b");
    await listener.say("REQ", "live", { kinds: [20_001] });
    await client.publish(vanish(ALICE, "ALL_RELAYS"));
    expect(await client.publish(by(ALICE, { kind: 20_001, created_at: CUT_OFF }))).toEqual(DELETED);
    const newer = by(ALICE, { kind: 20_001, created_at: CUT_OFF + 1 });
    expect(await client.publish(newer)).toEqual([true, ""]);
    await relay.settled();
    expect(listener.frames.filter(([verb]) => verb === "EVENT")).toEqual([["EVENT", "live", newer]]);
  });

  it("removes gift wraps to its author, whichever p tag names them, and keeps them out", async () => {
    const wrap = (created_at: number, ...recipients: string[]) =>
      by(CAROL, { kind: 1059, created_at, tags: recipients.map((pubkey) => ["p", pubkey]) });
    const [first, second, later, others] = [
      wrap(CUT_OFF - 1, ALICE),
      wrap(CUT_OFF, BOB, ALICE),
      wrap(CUT_OFF + 1, ALICE),
      wrap(CUT_OFF - 1, BOB),
    ];
    for (const event of [first, second, later, others]) await client.publish(event);
    await client.publish(vanish(ALICE, "ALL_RELAYS"));
    for (const pubkey of [ALICE, BOB]) await client.authenticate(pubkey);
    expect(await client.sees({ kinds: [1059] })).toEqual([later.id, others.id]);
    expect(await client.publish(first)).toEqual(DELETED);
  });

  it("of which an older one comes after a newer one takes nothing back", async () => {
    await client.publish(vanish(ALICE, "ALL_RELAYS"));
    const older = by(ALICE, { kind: 62, created_at: CUT_OFF - 30, tags: [["relay", "ALL_RELAYS"]] });
    await client.publish(older);
    expect(await client.publish(by(ALICE, { created_at: CUT_OFF - 10 }))).toEqual(DELETED);
  });

  it("does not need anything to be stored of its author", async () => {
    const wish = vanish(ALICE, "ALL_RELAYS");
    expect(await client.publish(wish)).toEqual([true, ""]);
    expect(await client.publish(wish)).toEqual([true, expect.stringMatching(/^duplicate: /)]);
  });
});

describe("[25] a relay tag", () => {
  it.each(["ALL_RELAYS", "ws://localhost:8787", "ws://LOCALHOST:8787/", "wss://localhost:8787"])(
    "%j means this relay",
    async (url) => {
      await client.publish(by(ALICE, { created_at: CUT_OFF - 1 }));
      await client.publish(vanish(ALICE, "wss://other.example", url));
      expect(await client.sees({ kinds: [1] })).toEqual([]);
    },
  );

  it.each([["wss://other.example"], ["all_relays"], ["not an address"]])("%j does not", async (...urls) => {
    const event = by(ALICE, { created_at: CUT_OFF - 1 });
    await client.publish(event);
    const wish = vanish(ALICE, ...urls);
    expect(await client.publish(wish)).toEqual([true, expect.stringMatching(/^mute: /)]);
    expect(await client.sees({})).toEqual([event.id]);
  });

  it.runIf(SEES_INSIDE).each([[[]], [[["relay"]]], [[["relay", ""]]], [[["r", "ALL_RELAYS"]]]])(
    "is needed: %j is refused, whatever it comes by",
    async (tags) => {
      const whole = openWholeRelay();
      try {
        const wish = by(ALICE, { kind: 62, created_at: CUT_OFF, tags });
        const refusal = /^invalid: .*relay tag/;
        expect(await visit(whole.relay).publish(wish)).toEqual([false, expect.stringMatching(refusal)]);
        expect(await post(whole, wish)).toBe(400);
        expect(await whole.queueIngest()(wish, STRANGER)).toMatchObject({
          kind: "refused",
          prefix: "invalid",
        });
        expect(await stored(whole)).toEqual([]);
      } finally {
        whole.close();
      }
    },
  );
});
