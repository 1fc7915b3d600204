/** NIP-70: protected events. */
import { afterEach, beforeEach, expect, it } from "vitest";
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
