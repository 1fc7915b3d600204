/** NIP-42: authentication. */
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Event } from "../../nostr/event.ts";
import type { Hub } from "../../relay/session/hub.ts";
import type { Frame } from "../fixtures/hubs.ts";
import { NOW, openRelay, type Relay } from "../fixtures/hubs.ts";
import { ALICE, authEvent, BOB, by, visit, type Visitor } from "../fixtures/people.ts";
import { KeptSession } from "../fixtures/kept-session.ts";
import { strangersIdentity } from "../fixtures/strangers.ts";
import { openWholeRelay } from "../fixtures/whole-relay.ts";

let relay: Relay;
let client: Visitor;
beforeEach(() => {
  relay = openRelay();
  client = visit(relay);
});
afterEach(() => relay.close());

const CHALLENGE = ["AUTH", "a challenge"];

/** Opens a new connection, as the platform does. */
function arrive(hub: Hub): { frames: Frame[]; say(...message: unknown[]): Promise<void> } {
  const frames: Frame[] = [];
  const send = (frame: string) => void frames.push(JSON.parse(frame) as Frame);
  const session = hub.welcome({ send, close: () => undefined }, new KeptSession(), {
    ...strangersIdentity(),
    isChallenged: false,
  });
  return { frames, say: (...message) => hub.receive(session, JSON.stringify(message)) };
}

function open(settings: Record<string, string>): Relay {
  const opened = openRelay(settings);
  onTestFinished(() => opened.close());
  return opened;
}

describe("[30] the challenge", () => {
  it.each([
    { AUTH_CHALLENGE: "connect" },
    { READ_ACCESS: "auth" },
    { READ_ACCESS: "allow" },
    { WRITE_ACCESS: "auth" },
    { WRITE_ACCESS: "allow" },
  ])("comes before anything else with %o", (settings) => {
    expect(arrive(open(settings).hub("a")).frames).toEqual([CHALLENGE]);
  });

  it("does not come to clients that read and write what everybody may", async () => {
    const note = by(ALICE);
    const stranger = arrive(relay.hub("a"));
    await stranger.say("EVENT", note);
    await stranger.say("REQ", "all", {});
    await stranger.say("REQ", "notes", { kinds: [1] }, { authors: [ALICE] });
    await stranger.say("COUNT", "count", { kinds: [1] });
    await stranger.say("NEG-OPEN", "sync", { kinds: [1] }, "6100000200");
    await stranger.say("REQ", "wrong", { kinds: "1" });
    await stranger.say("EVENT", { ...note, sig: "" });
    expect(stranger.frames.map(([verb]) => verb)).not.toContain("AUTH");
    expect(stranger.frames).toHaveLength(9);
  });

  const wrap = { kinds: [1059], "#p": [ALICE] };
  const mixed = { kinds: [1, 4] };
  it.each<[what: string, message: unknown[], verb: string]>([
    ["a REQ of gift wraps", ["REQ", "s", wrap], "CLOSED"],
    ["a REQ of notes and direct messages", ["REQ", "s", mixed], "EOSE"],
    ["a REQ of which one filter names direct messages", ["REQ", "s", { kinds: [1] }, mixed], "EOSE"],
    ["a COUNT of gift wraps", ["COUNT", "s", wrap], "CLOSED"],
    ["a COUNT of notes and direct messages", ["COUNT", "s", mixed], "COUNT"],
    ["a NEG-OPEN of gift wraps", ["NEG-OPEN", "s", wrap, "6100000200"], "NEG-ERR"],
    ["a NEG-OPEN of notes and direct messages", ["NEG-OPEN", "s", mixed, "6100000200"], "NEG-MSG"],
    ["a protected event", ["EVENT", by(ALICE, { tags: [["-"]] })], "OK"],
  ])("comes before the answer to %s, once", async (_, message, verb) => {
    const stranger = arrive(relay.hub("a"));
    await stranger.say(...message);
    expect(stranger.frames[0]).toEqual(CHALLENGE);
    expect(stranger.frames.at(-1)?.[0]).toBe(verb);
    await stranger.say(...message);
    await stranger.say("REQ", "again", wrap);
    expect(stranger.frames.filter(([each]) => each === "AUTH")).toEqual([CHALLENGE]);
  });

  it("comes before the public part of a mixed answer", async () => {
    const [note, letter] = [by(ALICE), by(ALICE, { kind: 4 })];
    await relay.store.commit([note, letter]);
    const stranger = arrive(relay.hub("a"));
    await stranger.say("REQ", "s", mixed);
    expect(stranger.frames).toEqual([CHALLENGE, ["EVENT", "s", note], ["EOSE", "s"]]);
  });

  it.each(["changereadaccess", "changewriteaccess"])(
    "comes to open connections when %s makes it needed",
    async (method) => {
      const world = openWholeRelay();
      onTestFinished(() => world.close());
      const hub = world.relay.hub("a");
      const before = arrive(hub);
      await before.say("REQ", "s", { kinds: [1] });
      expect(before.frames.map(([verb]) => verb)).toEqual(["EOSE"]);
      await world.call(method, "auth");
      expect(before.frames[1]).toEqual(CHALLENGE);
      expect(arrive(hub).frames).toEqual([CHALLENGE]);
      await world.call(method, "open");
      expect(arrive(hub).frames).toEqual([]);
      expect(before.frames.filter(([verb]) => verb === "AUTH")).toEqual([CHALLENGE]);
    },
  );

  it("is valid before it was sent", async () => {
    const stranger = arrive(relay.hub("a"));
    const auth = authEvent(ALICE);
    await stranger.say("AUTH", auth);
    expect(stranger.frames).toEqual([["OK", auth.id, true, ""]]);
  });

  it("is remembered where the next wake-up finds it", async () => {
    const kept = new KeptSession();
    const hub = relay.hub("a");
    const session = hub.welcome({ send: () => undefined, close: () => undefined }, kept, {
      ...strangersIdentity(),
      isChallenged: false,
    });
    for (const id of ["one", "two"]) await hub.receive(session, JSON.stringify(["REQ", id, wrap]));
    expect(kept.identity.isChallenged).toBe(true);
  });
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
  const kept = new KeptSession();
  const hub = relay.hub("a");
  const session = hub.open({ send: () => undefined, close: () => undefined }, kept, strangersIdentity(), []);
  await hub.receive(session, JSON.stringify(["AUTH", authEvent(ALICE)]));
  expect(kept.identity.keys).toEqual([ALICE]);
  await hub.receive(session, JSON.stringify(["AUTH", authEvent(BOB)]));
  expect(kept.identity.keys).toEqual([ALICE, BOB]);
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
