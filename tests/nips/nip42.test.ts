/** NIP-42: proving to hold keys. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import type { Frame } from "../fixtures/hubs.ts";
import { NOW, openRelay, type Relay } from "../fixtures/hubs.ts";
import { ALICE, authEvent, BOB, by, visit, type Visitor } from "../fixtures/people.ts";
import { strangersIdentity } from "../fixtures/strangers.ts";

let relay: Relay;
let client: Visitor;
beforeEach(() => {
  relay = openRelay();
  client = visit(relay);
});
afterEach(() => relay.close());

const memory = { keep: () => undefined, forget: () => undefined };

it("[30] a new connection is challenged before anything else", () => {
  const frames: Frame[] = [];
  const send = (frame: string) => void frames.push(JSON.parse(frame) as Frame);
  const socket = { send, close: () => undefined };
  relay.hub("a").welcome(socket, { ...memory, keepIdentity: () => undefined }, strangersIdentity());
  expect(frames).toEqual([["AUTH", "a challenge"]]);
});

it("[30] a connection may prove several keys, any of them again, and all of them count", async () => {
  for (const pubkey of [ALICE, BOB, ALICE]) await client.authenticate(pubkey);
  expect([...client.session.keys]).toEqual([ALICE, BOB]);
  for (const pubkey of [ALICE, BOB]) {
    expect(await client.publish(by(pubkey, { tags: [["-"]] }))).toEqual([true, ""]);
  }
});

it("[30] the same AUTH twice is accepted twice", async () => {
  const auth = authEvent(ALICE);
  for (let n = 0; n < 2; n += 1) {
    await client.say("AUTH", auth);
    expect(client.take()).toEqual([["OK", auth.id, true, ""]]);
  }
});

const tags = (relayUrl: string, challenge = "a challenge") => [
  ["relay", relayUrl],
  ["challenge", challenge],
];

describe("[30] is refused, and proves nothing:", () => {
  it.each<[string, () => unknown]>([
    ["another kind", () => authEvent(ALICE, { kind: 1 })],
    ["an old event", () => authEvent(ALICE, { created_at: NOW - 601 })],
    ["one from the future", () => authEvent(ALICE, { created_at: NOW + 601 })],
    ["another challenge", () => authEvent(ALICE, { tags: tags("ws://localhost:8787", "another") })],
    ["no challenge", () => authEvent(ALICE, { tags: [["relay", "ws://localhost:8787"]] })],
    ["another relay", () => authEvent(ALICE, { tags: tags("wss://other.example") })],
    ["another port", () => authEvent(ALICE, { tags: tags("ws://localhost:8788") })],
    ["no relay", () => authEvent(ALICE, { tags: [["challenge", "a challenge"]] })],
    ["a relay that is no address", () => authEvent(ALICE, { tags: tags("localhost:8787 ") })],
    ["a forged signature", () => ({ ...authEvent(ALICE), sig: authEvent(BOB).sig })],
    ["a forged id", () => ({ ...authEvent(ALICE), id: authEvent(BOB).id })],
    ["a stolen key", () => ({ ...authEvent(BOB), pubkey: ALICE })],
    ["no event", () => ({ id: "x" })],
  ])("%s", async (_, make) => {
    const value = make() as Event;
    await client.say("AUTH", value);
    expect(client.take()).toEqual([["OK", value.id, false, expect.stringMatching(/^invalid: ./)]]);
    expect([...client.session.keys]).toEqual([]);
  });
});

it.each(["ws://localhost:8787", "ws://localhost:8787/", "wss://LOCALHOST:8787/", "http://localhost:8787/x"])(
  "[30] the relay is known by its host: %s",
  async (relayUrl) => {
    await client.say("AUTH", authEvent(ALICE, { tags: tags(relayUrl) }));
    expect([...client.session.keys]).toEqual([ALICE]);
  },
);

it("[30] proven keys are kept where the next wake-up finds them", async () => {
  const kept: string[][] = [];
  const hub = relay.hub("a");
  const session = hub.open(
    { send: () => undefined, close: () => undefined },
    { ...memory, keepIdentity: ({ keys }) => void kept.push(keys) },
    strangersIdentity(),
    [],
  );
  await hub.receive(session, JSON.stringify(["AUTH", authEvent(ALICE)]));
  await hub.receive(session, JSON.stringify(["AUTH", authEvent(BOB)]));
  expect(kept).toEqual([[ALICE], [ALICE, BOB]]);
});

it("[7] kind 22242 is no EVENT, and reaches nobody", async () => {
  await client.say("REQ", "live", {});
  expect(await visit(relay, "b").publish(authEvent(ALICE))).toEqual([
    false,
    expect.stringMatching(/^invalid: /),
  ]);
  await client.say("AUTH", authEvent(ALICE));
  await relay.settled();
  expect(client.frames.filter(([verb]) => verb === "EVENT")).toEqual([]);
});
