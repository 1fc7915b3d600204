/** NIP-40: expiration. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { connect, NOW, openRelay, type Relay, SEES_INSIDE } from "../fixtures/hubs.ts";
import { ALICE, by, visit, visitor } from "../fixtures/people.ts";

let relay: Relay;
beforeEach(() => {
  relay = openRelay();
});
afterEach(() => relay.close());

const expiring = (at: number | string, draft: Partial<Event> = {}) =>
  by(ALICE, { content: `until ${at}`, tags: [["expiration", String(at)]], ...draft });

/** Returns a visitor of a hub whose clock shows this time. */
function visitAt(now: number) {
  return visitor(connect(relay.hub(`at ${now}`, { now: () => now })));
}

it("[29] what has expired is refused, of every kind", async () => {
  const client = visit(relay);
  for (const kind of [1, 0, 20_001, 30_000]) {
    for (const at of [0, NOW - 1, NOW]) {
      expect(await client.publish(expiring(at, { kind }))).toEqual([false, "invalid: event expired"]);
    }
  }
  expect(await client.publish(expiring(NOW + 1000))).toEqual([true, ""]);
});

it.runIf(SEES_INSIDE)("[29] what expires in a second is accepted", async () => {
  expect(await visit(relay).publish(expiring(NOW + 1))).toEqual([true, ""]);
});

it.runIf(SEES_INSIDE)(
  "[29] nothing is shown from the second on in which it expires, and limits are filled with what is not",
  async () => {
    const [first, second, lasting] = [expiring(NOW + 5), expiring(NOW + 9), by(ALICE, { created_at: 1 })];
    for (const event of [first, second, lasting]) await visit(relay).publish(event);
    expect(await visitAt(NOW + 4).sees({ limit: 3 })).toHaveLength(3);
    expect(await visitAt(NOW + 5).sees({ limit: 2 })).toEqual([second.id, lasting.id]);
    expect(await visitAt(NOW + 9).sees({ limit: 1 })).toEqual([lasting.id]);
    const late = visitAt(NOW + 9);
    await late.say("REQ", "all", { limit: 1 });
    expect(late.frames.at(-1)).toEqual(["EOSE", "all"]);
  },
);

it.runIf(SEES_INSIDE)("[29] a live subscriber is not sent what has expired on the way", async () => {
  let now = NOW;
  const subscriber = visitor(connect(relay.hub("late", { now: () => now })));
  await subscriber.say("REQ", "live", { limit: 0 });
  now = NOW + 100;
  await visit(relay).publish(expiring(NOW + 50));
  const lasting = by(ALICE);
  await visit(relay).publish(lasting);
  await relay.settled();
  expect(subscriber.frames.filter(([verb]) => verb === "EVENT")).toEqual([["EVENT", "live", lasting]]);
});

describe("[29] the first tag that holds a time counts", () => {
  it.each([
    [[["expiration", "soon"]], false],
    [[["expiration"]], false],
    [[["expiration", "-5"]], false],
    [[["expiration", "12.5"]], false],
    [
      [
        ["expiration", "soon"],
        ["expiration", "5"],
      ],
      true,
    ],
    [
      [
        ["expiration", "9999999999"],
        ["expiration", "5"],
      ],
      false,
    ],
  ])("%j: has expired is %j", async (tags, hasExpired) => {
    const [accepted] = await visit(relay).publish(by(ALICE, { tags }));
    expect(accepted).toBe(!hasExpired);
  });
});

it("[7] an ephemeral event with an expiration is ephemeral, and passed on", async () => {
  const client = visit(relay);
  await client.say("REQ", "live", { kinds: [20_001] });
  const event = expiring(NOW + 60, { kind: 20_001 });
  expect(await visit(relay, "b").publish(event)).toEqual([true, ""]);
  await relay.settled();
  expect(client.frames.at(-1)).toEqual(["EVENT", "live", event]);
  expect(await client.sees({})).toEqual([]);
});
