/** NIP-42: authentication. */
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { arrive, NOW, openRelay, type Relay, SEES_INSIDE } from "../fixtures/hubs.ts";
import { ALICE, authEvent, BOB, by, CAROL, visit, type Visitor } from "../fixtures/people.ts";
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

const CHALLENGE = ["AUTH", expect.stringMatching(/./)];

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
  ])("comes before anything else with %o", async (settings) => {
    const stranger = arrive(open(settings).hub("a"));
    await stranger.say("CLOSE", "nothing");
    expect(stranger.frames).toEqual([CHALLENGE]);
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
    for (const event of [note, letter]) await client.publish(event);
    const stranger = arrive(relay.hub("a"));
    await stranger.say("REQ", "s", mixed);
    expect(stranger.frames).toEqual([CHALLENGE, ["EVENT", "s", note], ["EOSE", "s"]]);
  });

  it.runIf(SEES_INSIDE).each(["changereadaccess", "changewriteaccess"])(
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

  it.runIf(SEES_INSIDE)("is valid before it was sent", async () => {
    const stranger = arrive(relay.hub("a"));
    const auth = authEvent(ALICE);
    await stranger.say("AUTH", auth);
    expect(stranger.frames).toEqual([["OK", auth.id, true, ""]]);
  });

  it.runIf(SEES_INSIDE)("is remembered where the next wake-up finds it", async () => {
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
  for (const pubkey of [ALICE, BOB]) {
    expect(await isProven(pubkey)).toBe(true);
  }
  expect(await isProven(CAROL)).toBe(false);
});

/** Returns whether the client may publish what only this key may (NIP-70). */
async function isProven(pubkey: string): Promise<boolean> {
  const [accepted, message] = await client.publish(by(pubkey, { tags: [["-"]] }));
  expect(message).toMatch(accepted ? /^$/ : /^(auth-required|restricted): ./);
  return accepted;
}

it("[30] the same AUTH twice is accepted twice", async () => {
  const auth = authEvent(ALICE, {}, await client.challenge());
  for (let n = 0; n < 2; n += 1) {
    await client.say("AUTH", auth);
    expect(client.take()).toEqual([["OK", auth.id, true, ""]]);
  }
});

const tags = (relayUrl: string, challenge: string) => [
  ["relay", relayUrl],
  ["challenge", challenge],
];

describe("[30] is refused, and proves nothing:", () => {
  type Draft = Partial<Event>;
  it.each<[string, (challenge: string, proof: (pubkey: string, draft?: Draft) => Event) => unknown]>([
    ["another kind", (_, proof) => proof(ALICE, { kind: 1 })],
    ["an old event", (_, proof) => proof(ALICE, { created_at: NOW - 601 })],
    ["one from the future", (_, proof) => proof(ALICE, { created_at: NOW + 1201 })],
    ["another challenge", (_, proof) => proof(ALICE, { tags: tags("ws://localhost:8787", "another") })],
    ["no challenge", (_, proof) => proof(ALICE, { tags: [["relay", "ws://localhost:8787"]] })],
    ["another relay", (challenge, proof) => proof(ALICE, { tags: tags("wss://other.example", challenge) })],
    ["another port", (challenge, proof) => proof(ALICE, { tags: tags("ws://localhost:8788", challenge) })],
    ["no relay", (challenge, proof) => proof(ALICE, { tags: [["challenge", challenge]] })],
    [
      "a relay that is no address",
      (challenge, proof) => proof(ALICE, { tags: tags("localhost:8787 ", challenge) }),
    ],
    ["a forged signature", (_, proof) => ({ ...proof(ALICE), sig: proof(BOB).sig })],
    ["a forged id", (_, proof) => ({ ...proof(ALICE), id: proof(BOB).id })],
    ["a stolen key", (_, proof) => ({ ...proof(BOB), pubkey: ALICE })],
    ["no event", () => ({ id: "x" })],
  ])("%s", async (_, make) => {
    const challenge = await client.challenge();
    const value = make(challenge, (pubkey, draft) => authEvent(pubkey, draft, challenge)) as Event;
    await client.say("AUTH", value);
    expect(client.take()).toEqual([["OK", value.id, false, expect.stringMatching(/^invalid: ./)]]);
    expect(await isProven(ALICE)).toBe(false);
  });
});

it.each(["ws://localhost:8787", "ws://localhost:8787/", "wss://LOCALHOST:8787/", "http://localhost:8787/x"])(
  "[30] the relay is known by its host: %s",
  async (relayUrl) => {
    const challenge = await client.challenge();
    await client.say("AUTH", authEvent(ALICE, { tags: tags(relayUrl, challenge) }));
    expect(await isProven(ALICE)).toBe(true);
  },
);

it.runIf(SEES_INSIDE)("[30] proven keys are kept where the next wake-up finds them", async () => {
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
  const auth = authEvent(ALICE, {}, await client.challenge());
  expect(await visit(relay, "b").publish(auth)).toEqual([false, expect.stringMatching(/^invalid: /)]);
  await client.say("AUTH", auth);
  await relay.settled();
  expect(client.frames.filter(([verb]) => verb === "EVENT")).toEqual([]);
});
