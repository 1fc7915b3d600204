/** NIP-04, NIP-17, NIP-37 and NIP-59: private events are shown only to the people involved. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect, openRelay, type Relay } from "../fixtures/hubs.ts";
import { ALICE, BOB, by, CAROL, visit, type Visitor, visitor } from "../fixtures/people.ts";

let relay: Relay;
let client: Visitor;
beforeEach(() => {
  relay = openRelay();
  client = visit(relay);
});
afterEach(() => relay.close());

const named = (...pubkeys: string[]) => pubkeys.map((pubkey) => ["p", pubkey]);
const message = by(ALICE, { kind: 4, tags: named(BOB) });
const wrap = by(CAROL, { kind: 1059, tags: named("e".repeat(64), BOB) });
const draft = by(ALICE, { kind: 31_234, tags: [["d", "x"], ...named(BOB)] });
const relays = by(ALICE, { kind: 10_013 });
const open = by(ALICE, { content: "to all", tags: named(BOB) });
const EVERYTHING = [message, wrap, draft, relays, open];

/** What a client is shown, by the keys that it has authenticated as. */
const VIEWS: [who: string, keys: string[], shown: typeof EVERYTHING][] = [
  ["a stranger", [], [open]],
  ["somebody else", [CAROL], [open]],
  ["the author", [ALICE], [message, draft, relays, open]],
  ["the recipient", [BOB], [message, wrap, open]],
  ["both in one", [ALICE, BOB], EVERYTHING],
];

describe.each(VIEWS)("[31] %s", (_, keys, shown) => {
  const ids = shown.map(({ id }) => id).toSorted();

  it("reads what is stored", async () => {
    for (const event of EVERYTHING) await visit(relay, "b").publish(event);
    for (const key of keys) await client.authenticate(key);
    const filters = [
      {},
      { ids: EVERYTHING.map(({ id }) => id) },
      { authors: [ALICE, BOB, CAROL] },
      { kinds: [1, 4, 1059, 10_013, 31_234] },
      { kinds: [1], "#p": [BOB] },
    ];
    for (const filter of filters.slice(0, 4)) {
      expect(new Set(await client.sees(filter))).toEqual(new Set(ids));
    }
    expect(await client.sees(filters[4]!)).toEqual([open.id]);
    expect(await client.sees({ limit: shown.length })).toHaveLength(shown.length);
  });

  it("is sent what is new", async () => {
    for (const key of keys) await client.authenticate(key);
    await client.say("REQ", "live", { limit: 0 });
    client.take();
    for (const event of EVERYTHING) await visit(relay, "b").publish(event);
    await relay.settled();
    const sent = client.take().map(([, , event]) => (event as { id: string }).id);
    expect(sent.toSorted()).toEqual(ids);
  });
});

it("[31] a filter of nothing but private kinds is refused to those who have proven nothing, with a challenge at hand", async () => {
  for (const kinds of [[4], [1059], [4, 1059], [21_059], [31_234]]) {
    expect(await client.sees({ kinds })).toMatch(/^auth-required: ./);
  }
  expect(await client.sees({ kinds: [1, 1059] })).toEqual([]);
  await client.authenticate(BOB);
  await client.publish(wrap);
  expect(await client.sees({ kinds: [1059] })).toEqual([wrap.id]);
});

it("[31] gift wraps may be brought by anybody, dated back as far as they are", async () => {
  relay.close();
  relay = openRelay({ CREATED_AT_LOWER_LIMIT: "60" });
  const old = by(CAROL, { kind: 1059, created_at: 1_699_000_000, tags: named(BOB) });
  expect(await visit(relay).publish(old)).toEqual([true, ""]);
  expect(await visit(relay).publish(by(CAROL, { created_at: 1_699_000_000 }))).toEqual([
    false,
    expect.stringMatching(/^invalid: created_at/),
  ]);
});

it("[31] an ephemeral gift wrap is never stored, and reaches its recipient alone", async () => {
  const bob = visitor(connect(relay.hub("bob")));
  const other = visitor(connect(relay.hub("other")));
  await bob.authenticate(BOB);
  await other.authenticate(ALICE);
  for (const one of [bob, other]) await one.say("REQ", "live", { kinds: [21_059, 1] });
  const event = by(CAROL, { kind: 21_059, tags: named(BOB) });
  expect(await client.publish(event)).toEqual([true, ""]);
  await relay.settled();
  expect(bob.frames.at(-1)).toEqual(["EVENT", "live", event]);
  expect(other.frames.at(-1)?.[0]).toBe("EOSE");
  expect(await bob.sees({ kinds: [21_059] })).toEqual([]);
});

it("[31] what belongs inside a gift wrap is refused outside of one", async () => {
  for (const kind of [13, 14, 15, 444]) {
    expect(await client.publish(by(ALICE, { kind }))).toEqual([
      false,
      `blocked: kind ${kind} belongs inside a gift wrap`,
    ]);
  }
});
