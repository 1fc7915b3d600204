/** Decisions of operators apply to every source and every open connection (NIP-86). */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { consume } from "../../aggregator/queue/consume.ts";
import type { DeadLetter } from "../../store/letters/letter-row.ts";
import type { Event } from "../../nostr/event.ts";
import { noTracer } from "../../telemetry/tracing.ts";
import { PUBKEY } from "../fixtures/author.ts";
import { connect, eventsIn, NOW, SEES_INSIDE } from "../fixtures/hubs.ts";
import { manage } from "../fixtures/management.ts";
import { visit } from "../fixtures/people.ts";
import { AUTHORS } from "../fixtures/signed-events.ts";
import { STRANGER } from "../fixtures/strangers.ts";
import {
  listed,
  note,
  openWholeRelay,
  post,
  publish,
  stored,
  type WholeRelay,
} from "../fixtures/whole-relay.ts";

const [ANN, BOB] = AUTHORS as [string, string];

let world: WholeRelay;
beforeEach(() => {
  world = openWholeRelay();
});
afterEach(() => world.close());

describe("[38] a banned key", () => {
  it.runIf(SEES_INSIDE)(
    "is gone from view, and nothing of it is ingested from any source, until the ban is lifted",
    async () => {
      const [here, there] = [connect(world.relay.hub("a")), connect(world.relay.hub("b"))];
      const [old, other] = [note(ANN), note(BOB)];
      for (const event of [old, other]) expect(await publish(here, event)).toBe("");
      await there.say("REQ", "s", {});
      there.take();

      expect(await world.call("banpubkey", ANN, "spam")).toBe(true);

      await here.say("REQ", "s", { authors: [ANN, BOB] });
      expect(eventsIn(here.take())).toEqual([["s", other.id]]);
      expect(await listed(world)).toEqual([other.id]);
      for (const client of [here, there]) {
        expect(await publish(client, old)).toMatch(/^blocked: ./);
        expect(await publish(client, note(ANN))).toMatch(/^blocked: ./);
        expect(await publish(client, note(ANN, { kind: 20_001 }))).toMatch(/^blocked: ./);
      }
      expect(await post(world, note(ANN))).toBe(403);
      expect(await post(world, note(ANN, { kind: 20_001 }))).toBe(403);
      expect(await world.queueIngest()(note(ANN), STRANGER)).toEqual({ kind: "banned" });
      expect(await world.queueIngest()(note(ANN, { kind: 20_001 }), STRANGER)).toMatchObject({
        prefix: "blocked",
      });
      await world.relay.settled();
      expect(eventsIn(there.take())).toEqual([]);
      expect(await stored(world)).toEqual([other.id]);

      await world.call("unbanpubkey", ANN);
      const back = note(ANN);
      expect(await publish(there, back)).toBe("");
      expect(await post(world, note(ANN, { kind: 20_001 }))).toBe(200);
      expect(await stored(world)).toEqual([other.id, back.id]);
    },
  );

  it("cannot write for others either, on a connection that has authenticated as it", async () => {
    const client = visit(world.relay);
    await client.authenticate(ANN);
    expect(await publish(client, note(BOB))).toBe("");
    await world.call("banpubkey", ANN);
    expect(await publish(client, note(BOB))).toMatch(/^blocked: ./);
    expect(await publish(connect(world.relay.hub("a")), note(BOB))).toBe("");
  });

  it.runIf(SEES_INSIDE)("does not slip by while its event is on its way into the store", async () => {
    const { relay } = world;
    let arrived = () => {};
    let goOn = () => {};
    const isThere = new Promise<void>((resolve) => (arrived = resolve));
    const mayGoOn = new Promise<void>((resolve) => (goOn = resolve));
    const store = {
      ...relay.store,
      async commit(events: Event[]) {
        arrived();
        await mayGoOn;
        return relay.store.commit(events);
      },
    };
    const client = connect(relay.hub("a", { store }));
    const answer = publish(client, note(ANN));
    await isThere;
    await world.call("banpubkey", ANN);
    goOn();
    expect(await answer).toMatch(/^blocked: ./);
    expect(await stored(world)).toEqual([]);
  });
});

describe("[38] a banned event", () => {
  it.runIf(SEES_INSIDE)(
    "is gone from view and does not come again from any source, unless it is allowed",
    async () => {
      const client = connect(world.relay.hub("a"));
      const [event, other] = [note(ANN), note(ANN)];
      for (const one of [event, other]) await publish(client, one);
      await world.call("banevent", event.id, "illegal");
      expect(await listed(world)).toEqual([other.id]);
      expect(await publish(client, event)).toMatch(/^blocked: ./);
      expect(await post(world, event)).toBe(403);
      expect(await world.queueIngest()(event, STRANGER)).toEqual({ kind: "banned" });
      expect(await publish(client, note(ANN))).toBe("");
      await world.call("allowevent", event.id);
      expect(await publish(client, event)).toBe("");
    },
  );

  it("is found by what is reported of it (kind 1984), and decided on once", async () => {
    const client = connect(world.relay.hub("a"));
    const [bad, fine] = [note(ANN), note(ANN)];
    for (const event of [bad, fine]) await publish(client, event);
    for (const { id } of [bad, fine])
      await publish(
        client,
        note(BOB, {
          kind: 1984,
          tags: [
            ["e", id, "spam"],
            ["p", ANN],
          ],
          content: "ads",
        }),
      );
    expect(await world.call("listeventsneedingmoderation")).toEqual(
      expect.arrayContaining([
        { id: bad.id, reason: "spam: ads" },
        { id: fine.id, reason: "spam: ads" },
      ]),
    );
    await world.call("banevent", bad.id, "spam");
    await world.call("allowevent", fine.id);
    expect(await world.call("listeventsneedingmoderation")).toEqual([]);
    expect(await world.call("listbannedevents")).toEqual([{ id: bad.id, reason: "spam" }]);
  });
});

it.runIf(SEES_INSIDE)(
  "[38] kinds are refused from every source at once; what another relay sends of them is no dead letter",
  async () => {
    const client = connect(world.relay.hub("a"));
    expect(await publish(client, note(ANN, { kind: 7 }))).toBe("");
    await world.call("disallowkind", 7);
    expect(await publish(client, note(ANN, { kind: 7 }))).toMatch(/^blocked: .*kind 7/);
    expect(await post(world, note(ANN, { kind: 7 }))).toBe(403);
    await world.call("allowkind", 1);
    expect(await publish(client, note(ANN, { kind: 3 }))).toMatch(/^blocked: ./);

    const letters: DeadLetter[] = [];
    const [taken, unwanted, broken] = [
      note(ANN),
      note(ANN, { kind: 7 }),
      { ...note(ANN), content: "forged" },
    ];
    let isDone = false;
    const message = {
      body: { version: 1, upstream: "wss://up.example", events: [taken, unwanted, broken] },
      attempts: 1,
      ack: () => void (isDone = true),
      retry: () => undefined,
    };
    await consume([message], {
      ingest: world.queueIngest(),
      sender: STRANGER,
      unneeded: async (_, ids) => ({
        stored: await world.relay.store.known(ids),
        refused: new Set(),
        rules: "",
      }),
      remember: async () => undefined,
      hasRoom: () => true,
      deadLetter: async (dead) => void letters.push(...dead),
      farthest: 900,
      now: () => NOW,
      report: () => undefined,
      metrics: world.relay.metrics,
      tracer: noTracer,
    });
    expect(isDone).toBe(true);
    expect(letters.map(({ event }) => event)).toEqual([broken]);
    expect(await stored(world)).toContain(taken.id);
    expect(await stored(world)).not.toContain(unwanted.id);
    for (const reason of ["blocked", "invalid"])
      expect(world.relay.metrics.list()).toContainEqual({
        name: "events_refused_total",
        labels: { source: "queue", reason },
        amounts: [1],
      });
  },
);

describe("[38] a blocked address", () => {
  it("loses its connections on every hub, with a reason", async () => {
    const [a, b] = [world.relay.hub("a"), world.relay.hub("b")];
    const blocked = [connect(a, { ip: "192.0.2.7" }), connect(b, { ip: "::ffff:192.0.2.8" })];
    const others = [connect(a, { ip: "198.51.100.1" }), connect(b)];
    for (const client of [...blocked, ...others]) await client.say("REQ", "s", {});
    await world.call("blockip", "192.0.2.0/24", "flood");
    for (const client of blocked) {
      const expected = [[1008, expect.stringMatching(/^blocked: ./)]];
      await vi.waitFor(() => expect(client.closings).toEqual(expected));
      expect(client.take().at(-1)).toEqual(["NOTICE", expect.stringMatching(/^blocked: ./)]);
      await client.say("EVENT", note(ANN));
      expect(client.take()).toEqual([]);
    }
    expect(others.flatMap(({ closings }) => closings)).toEqual([]);
    expect(await publish(others[0]!, note(ANN))).toBe("");
    await world.relay.settled();
    expect(blocked.flatMap((client) => client.take())).toEqual([]);
  });

  it.runIf(SEES_INSIDE)("gets no other connections", async () => {
    const [a, b] = [world.relay.hub("a"), world.relay.hub("b")];
    for (const ip of ["192.0.2.7", undefined]) connect(a, { ip });
    await world.call("blockip", "192.0.2.0/24", "flood");
    expect(a.size).toBe(1);
    expect([await a.admits("192.0.2.7"), await b.admits("192.0.2.9")]).toEqual([false, false]);
    expect([await a.admits("198.51.100.1"), await a.admits(undefined)]).toEqual([true, true]);
    await world.call("unblockip", "192.0.2.0/24");
    expect(await a.admits("192.0.2.7")).toBe(true);
  });

  it("is answered 403 by HTTP, whatever it asks for", async () => {
    await world.call("blockip", "2001:db8::/64");
    const status = async (path: string, ip: string) =>
      (await world.api.request(path, { headers: { "cf-connecting-ip": ip } })).status;
    for (const path of ["/", "/api/v1/events", "/health", "/metrics", "/nowhere"])
      expect([path, await status(path, "2001:db8::9")]).toEqual([path, 403]);
    expect(await status("/api/v1/events", "2001:db8:0:1::9")).toBe(200);
  });
});

describe("[38] a hub", () => {
  it.runIf(SEES_INSIDE)(
    "that was out of memory knows what was decided meanwhile before it answers anything",
    async () => {
      const client = connect(world.relay.hub("a"));
      await client.say("REQ", "s", {});
      await world.relay.moderation.change(
        [
          { do: "add", list: "disallowed-kind", subject: "7", reason: "" },
          { do: "add", list: "blocked-ip", subject: "192.0.2.7", reason: "" },
          { do: "set", setting: "READ_ACCESS", value: "auth" },
        ],
        { at: NOW, pubkey: PUBKEY, method: "m", params: [], outcome: "done" },
      );
      const woken = world.relay.hub("a");
      const [back, blocked] = [connect(woken), connect(woken, { ip: "192.0.2.7" })];
      expect(await publish(back, note(ANN, { kind: 7 }))).toMatch(/^blocked: ./);
      expect(blocked.closings).toHaveLength(1);
      await back.say("REQ", "s", {});
      expect(back.take()).toEqual([["CLOSED", "s", expect.stringMatching(/^auth-required: ./)]]);
    },
  );

  it.runIf(SEES_INSIDE)(
    "that could not be told is named to the admin, and knows a minute later",
    async () => {
      let now = NOW;
      const hub = world.relay.hub("a", { now: () => now });
      const client = connect(hub);
      expect(await publish(client, note(ANN, { kind: 7 }))).toBe("");
      hub.reloadModeration = () => Promise.reject(new Error("the hub is away"));
      expect(await manage(world.api, "disallowkind", 7)).toMatchObject({
        error: expect.stringMatching(/stored, but a did not answer/),
      });
      expect(await publish(client, note(ANN, { kind: 7 }))).toBe("");
      now += 60;
      expect(await publish(client, note(ANN, { kind: 7 }))).toMatch(/^blocked: ./);
    },
  );

  it.runIf(SEES_INSIDE)("whose database is away refuses with an error what it cannot decide on", async () => {
    const fails = () => Promise.reject(new Error("the database is away"));
    const client = connect(
      world.relay.hub("a", { moderation: { revision: fails, load: fails, standings: fails } }),
    );
    expect(await publish(client, note(ANN))).toMatch(/^error: ./);
    await client.say("REQ", "s", {});
    expect(client.take()).toEqual([["CLOSED", "s", expect.stringMatching(/^error: ./)]]);
  });
});
