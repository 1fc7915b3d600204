/** NIP-13: proof of work. */
import { getPow } from "nostr-tools/nip13";
import { afterEach, beforeEach, expect, it } from "vitest";
import { difficultyOf } from "../../nostr/difficulty.ts";
import { type Event, eventId } from "../../nostr/event.ts";
import { NOW, openRelay, type Relay } from "../fixtures/hubs.ts";
import { ALICE, by, visit } from "../fixtures/people.ts";

let relay: Relay;
beforeEach(() => {
  relay = openRelay({ MIN_POW_DIFFICULTY: "10" });
});
afterEach(() => relay.close());

it.each([
  ["f".repeat(64), 0],
  ["7".repeat(64), 1],
  ["1".repeat(64), 3],
  ["0f".repeat(32), 4],
  ["000000000e9d97a1ab09fc381030b346cdd7a142ad57e6df0b46dc9bef6c7e2d", 36],
  ["0".repeat(64), 256],
])("[28] the difficulty of %s is %i", (id, bits) => {
  expect(difficultyOf(id)).toBe(bits);
});

it("[28] events that show too little work are refused, and told how much is wanted", async () => {
  const client = visit(relay);
  const lazy = by(ALICE, { content: "no work at all" });
  expect(await client.publish(lazy)).toEqual([
    false,
    `pow: difficulty ${difficultyOf(lazy.id)} is less than 10`,
  ]);

  const mined = mine(10, (nonce) => [["nonce", nonce, "10"]]);
  expect(getPow(mined.id)).toBeGreaterThanOrEqual(10);
  expect(await client.publish(mined)).toEqual([true, ""]);
});

it("[28] work that aimed lower, or at nothing, does not count", async () => {
  const client = visit(relay);
  const lucky = (...nonce: string[]) => mine(10, (n) => [["lucky", n], ...(nonce.length ? [nonce] : [])]);
  for (const event of [lucky(), lucky("nonce", "1"), lucky("nonce", "1", "9"), lucky("nonce", "1", "many")]) {
    expect(await client.publish(event)).toEqual([false, expect.stringMatching(/^pow: the nonce tag/)]);
  }
  expect(await client.publish(lucky("nonce", "1", "10"))).toEqual([true, ""]);
});

/** Tries nonces until the id has enough leading zero bits. */
function mine(bits: number, tagsOf: (nonce: string) => string[][]): Event {
  const draft = { pubkey: ALICE, kind: 1, content: "", created_at: NOW };
  for (let n = 0; ; n += 1) {
    const tags = tagsOf(String(n));
    if (difficultyOf(eventId({ ...draft, tags })) >= bits) return by(ALICE, { ...draft, tags });
  }
}
