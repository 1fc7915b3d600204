/** Who may write and read, set by configuration or at run time, for every source and every open connection. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PUBKEY } from "../fixtures/author.ts";
import { connect, eventsIn, NOW, type Relay } from "../fixtures/hubs.ts";
import { AUTHORS } from "../fixtures/signed-events.ts";
import { STRANGER } from "../fixtures/strangers.ts";
import { listed, note, openWholeRelay, post, publish, type WholeRelay } from "../fixtures/whole-relay.ts";

const [ANN, BOB, CAT] = AUTHORS as [string, string, string];

let world: WholeRelay;
beforeEach(() => {
  world = openWholeRelay();
});
afterEach(() => world.close());

describe("[38] access", () => {
  it("to writing is taken and given on open connections", async () => {
    const hub = world.relay.hub("a");
    const [stranger, ann, bob] = [connect(hub), connect(hub, { keys: [ANN] }), connect(hub, { keys: [BOB] })];
    await world.call("changewriteaccess", "auth");
    expect(await publish(stranger, note(ANN))).toMatch(/^auth-required: ./);
    expect(await post(world, note(ANN))).toBe(401);
    expect(await publish(ann, note(CAT))).toBe("");
    await world.call("changewriteaccess", "allow");
    await world.call("allowpubkey", ANN);
    expect(await publish(ann, note(CAT))).toBe("");
    expect(await publish(bob, note(CAT))).toMatch(/^restricted: ./);
    expect(await publish(stranger, note(CAT))).toMatch(/^auth-required: ./);
    expect(await publish(stranger, note(ANN))).toBe("");
    expect(await post(world, note(ANN))).toBe(201);
    expect(await post(world, note(BOB))).toBe(401);
    expect(await publish(stranger, note(BOB, { kind: 1059, tags: [["p", ANN]] }))).toBe("");
    expect(await world.queueIngest()(note(BOB), STRANGER)).toMatchObject({ kind: "stored" });
    await world.call("unallowpubkey", ANN);
    expect(await publish(ann, note(CAT))).toMatch(/^restricted: ./);
    await world.call("changewriteaccess", "open");
    expect(await publish(stranger, note(BOB))).toBe("");
  });

  it("to reading, once lost, ends open subscriptions on every hub, and live events with them", async () => {
    const [a, b] = [world.relay.hub("a"), world.relay.hub("b")];
    const [stranger, ann, bob] = [connect(a), connect(b, { keys: [ANN] }), connect(b, { keys: [BOB] })];
    const event = note(CAT);
    await publish(stranger, event);
    for (const client of [stranger, ann, bob]) for (const id of ["s", "t"]) await client.say("REQ", id, {});
    await world.call("allowpubkey", ANN);
    for (const client of [stranger, ann, bob]) client.take();

    await world.call("changereadaccess", "allow");
    const closed = (prefix: string) =>
      ["s", "t"].map((id) => ["CLOSED", id, expect.stringMatching(`^${prefix}: .`)]);
    expect(stranger.take()).toEqual(closed("auth-required"));
    expect(bob.take()).toEqual(closed("restricted"));
    expect(ann.take()).toEqual([]);
    expect([stranger.records.size, bob.records.size, ann.records.size]).toEqual([0, 0, 2]);

    const live = note(CAT);
    expect(await publish(connect(a), live)).toBe("");
    await world.relay.settled();
    expect(eventsIn(ann.take())).toEqual([
      ["s", live.id],
      ["t", live.id],
    ]);
    expect([...stranger.take(), ...bob.take()]).toEqual([]);

    await bob.say("REQ", "u", {});
    expect(bob.take()).toEqual([["CLOSED", "u", expect.stringMatching(/^restricted: ./)]]);
    await bob.say("COUNT", "c", {});
    expect(bob.take()).toEqual([["CLOSED", "c", expect.stringMatching(/^restricted: ./)]]);
    for (const path of ["/api/v1/events", `/api/v1/events/${event.id}`, "/api/v1/events/count"])
      expect((await world.api.request(path)).status).toBe(401);

    await world.call("changereadaccess", "open");
    await bob.say("REQ", "u", { ids: [event.id] });
    expect(eventsIn(bob.take())).toEqual([["u", event.id]]);
    expect(await listed(world)).toContain(event.id);
  });

  it("lost, ends reconciliations (NIP-77) too, and no other is opened", async () => {
    const client = connect(world.relay.hub("a"));
    await publish(client, note(ANN));
    // Version 1, and one range up to infinity with no ids: the client has no events.
    const nothing = "6100000200";
    await client.say("NEG-OPEN", "n", {}, nothing);
    expect(client.take()).toEqual([["NEG-MSG", "n", expect.any(String)]]);
    await world.call("changereadaccess", "auth");
    const refused = (id: string) => ["NEG-ERR", id, expect.stringMatching(/^auth-required: ./)];
    expect(client.take()).toEqual([refused("n")]);
    await client.say("NEG-OPEN", "o", {}, nothing);
    expect(client.take()).toEqual([refused("o")]);
  });

  it("lost while stored events are read: one CLOSED, and nothing else", async () => {
    const { relay } = world;
    let arrived = () => {};
    let goOn = () => {};
    const isThere = new Promise<void>((resolve) => (arrived = resolve));
    const mayGoOn = new Promise<void>((resolve) => (goOn = resolve));
    const store: Relay["store"] = {
      ...relay.store,
      async *read(queries) {
        arrived();
        await mayGoOn;
        return yield* relay.store.read(queries);
      },
    };
    const client = connect(relay.hub("a", { store }));
    await publish(client, note(ANN));
    const request = client.say("REQ", "s", {});
    await isThere;
    await world.call("changereadaccess", "auth");
    goOn();
    await request;
    expect(client.take()).toEqual([["CLOSED", "s", expect.stringMatching(/^auth-required: ./)]]);
  });
});

it("[10] a REQ that is closed before it is refused is not answered at all", async () => {
  const { relay } = world;
  let goOn = () => {};
  const mayGoOn = new Promise<void>((resolve) => (goOn = resolve));
  await relay.moderation.change([{ do: "set", setting: "READ_ACCESS", value: "allow" }], {
    at: NOW,
    pubkey: PUBKEY,
    method: "m",
    params: [],
    outcome: "done",
  });
  const moderation = {
    ...relay.moderation,
    async standings(pubkeys: string[]) {
      await mayGoOn;
      return relay.moderation.standings(pubkeys);
    },
  };
  const client = connect(relay.hub("a", { moderation }), { keys: [ANN] });
  const requests = [client.say("REQ", "s", {}), client.say("REQ", "s", { kinds: [1] })];
  await client.say("CLOSE", "s");
  requests.push(client.say("REQ", "t", {}), client.say("REQ", "t", { kinds: [1] }));
  goOn();
  await Promise.all(requests);
  expect(client.take()).toEqual([["CLOSED", "t", expect.stringMatching(/^restricted: ./)]]);
});
