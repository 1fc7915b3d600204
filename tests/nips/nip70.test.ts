/** NIP-70: protected events. */
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { openRelay, type Relay } from "../fixtures/hubs.ts";
import { ALICE, BOB, by, visit, type Visitor } from "../fixtures/people.ts";

let relay: Relay;
let client: Visitor;
beforeEach(() => {
  relay = openRelay();
  client = visit(relay);
});
afterEach(() => relay.close());

const guarded = by(ALICE, { tags: [["-"]] });

it("[32] a protected event is taken from its author alone", async () => {
  expect(await client.publish(guarded)).toEqual([false, expect.stringMatching(/^auth-required: ./)]);
  await client.authenticate(BOB);
  expect(await client.publish(guarded)).toEqual([false, expect.stringMatching(/^restricted: ./)]);
  await client.authenticate(ALICE);
  expect(await client.publish(guarded)).toEqual([true, ""]);
  expect(await visit(relay, "b").sees({})).toEqual([guarded.id]);
});

it("[32] ephemeral ones too", async () => {
  const event = by(ALICE, { kind: 20_001, tags: [["t", "x"], ["-"]] });
  expect(await client.publish(event)).toEqual([false, expect.stringMatching(/^auth-required: /)]);
});

it.each([6, 16])("[32] a repost of kind %i that carries one is refused, whoever it is by", async (kind) => {
  for (const pubkey of [ALICE, BOB]) await client.authenticate(pubkey);
  const repost = (content: string) => by(BOB, { kind, content });
  expect(await client.publish(repost(JSON.stringify(guarded)))).toEqual([
    false,
    expect.stringMatching(/^blocked: ./),
  ]);
  for (const content of ["", "not JSON", "{}", JSON.stringify(by(ALICE, { content: "open" }))]) {
    expect(await client.publish(repost(content))).toEqual([true, ""]);
  }
});

const reposting = (content: string, kind = 6) => by(BOB, { kind, content });

/** Returns a repost of a repost, and so on, of an event. */
function nested(depth: number, inner: Event): Event {
  return depth === 0 ? inner : reposting(JSON.stringify(nested(depth - 1, inner)), depth % 2 ? 6 : 16);
}

it.each([2, 3, 8])("[32] a repost is looked into: %i deep, a protected event is found", async (depth) => {
  expect(await client.publish(nested(depth, guarded))).toEqual([
    false,
    "blocked: the repost contains a protected event",
  ]);
  expect(await client.publish(nested(depth, by(ALICE, { content: "open" })))).toEqual([true, ""]);
});

it("[32] reposts that are too deep, or whose JSON is, cost little and are refused or harmless", async () => {
  expect(await client.publish(nested(9, guarded))).toEqual([
    false,
    "blocked: more than 8 reposts are nested in each other",
  ]);
  for (const content of ["[".repeat(60_000), '{"content":'.repeat(9000), `{"kind":1,"content":"[]"}`]) {
    expect(await client.publish(reposting(content))).toEqual([true, ""]);
  }
  // The relay treats an event without a kind as a repost.
  const incomplete = JSON.stringify({ content: JSON.stringify(guarded) });
  expect(await client.publish(reposting(incomplete))).toEqual([
    false,
    "blocked: the repost contains a protected event",
  ]);
});
