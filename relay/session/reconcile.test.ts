/** How a hub paces the rounds of NIP-77. tests/portable/reconcile.test.ts tests their results. */
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { connect, openRelay, type Relay } from "../../tests/fixtures/hubs.ts";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";

/** The message of a client that has no events. The answer lists all ids. */
const NOTHING = "6100000200";
/** A range for each second from 1 on, each with a wrong fingerprint. */
const MANY_RANGES = `61${`020001${"11".repeat(16)}`.repeat(6000)}`;

let relay: Relay;
beforeEach(async () => {
  relay = openRelay();
  await relay.store.commit(Array.from({ length: 40 }, (_, n) => signedEvent({ content: `${n}` })));
});
afterEach(() => relay.close());

it("a message of very many ranges is answered in slices, charged for what it takes, and in its order", async () => {
  let pauses = 0;
  const hub = relay.hub("a", { pause: async () => void (pauses += 1) });
  const client = connect(hub, { ip: "203.0.113.7" });
  await client.say("NEG-OPEN", "n", {}, NOTHING);
  client.take();
  const charge = vi.spyOn(hub.limiter, "charge");
  const before = pauses;
  await Promise.all([client.say("NEG-MSG", "n", MANY_RANGES), client.say("NEG-MSG", "n", NOTHING)]);
  const answers = client.take();
  expect(answers.map(([verb]) => verb)).toEqual(["NEG-MSG", "NEG-MSG"]);
  const [first = 0, second = 0] = answers.map((frame) => JSON.stringify(frame).length);
  expect(first).toBeGreaterThan(10_000);
  // The answer has 40 ids.
  expect(second).toBeLessThan(3000);
  expect(pauses - before).toBeGreaterThanOrEqual(10);
  expect(charge.mock.calls.reduce((sum, [, cost]) => sum + cost, 0)).toBeGreaterThan(36_000);
});

it("an answer is charged for its length", async () => {
  const hub = relay.hub("a");
  const client = connect(hub, { ip: "203.0.113.7" });
  await client.say("NEG-OPEN", "n", {}, NOTHING);
  const charge = vi.spyOn(hub.limiter, "charge");
  const costs = async (query: string) => {
    charge.mockClear();
    await client.say("NEG-MSG", "n", query);
    return charge.mock.calls.reduce((sum, [, cost]) => sum + cost, 0);
  };
  // Both messages are as long. One answer has 40 ids of 64 characters, the other none.
  expect((await costs(NOTHING)) - (await costs("6101000200"))).toBeGreaterThanOrEqual((40 * 64) / 256);
});

it("a third message before the answers to two ends the reconciliation", async () => {
  const held = Promise.withResolvers<void>();
  const hub = relay.hub("a", { pause: () => held.promise });
  const client = connect(hub);
  await client.say("NEG-OPEN", "n", {}, NOTHING);
  client.take();
  const said = [MANY_RANGES, NOTHING, NOTHING].map((message) => client.say("NEG-MSG", "n", message));
  await said[2];
  held.resolve();
  await Promise.all(said);
  expect(client.take()).toEqual([["NEG-ERR", "n", expect.stringMatching(/^closed: you did not wait/)]]);
});
