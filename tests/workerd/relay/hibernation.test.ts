/** Evicts objects while they work. Clients notice nothing, because nothing that they need is only in memory. */
import { evictDurableObject, runInDurableObject } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { finalizeEvent } from "nostr-tools/pure";
import type { HubObject } from "../../../worker/main.ts";
import { AUTHORS, secretOf, signedEvent } from "../../fixtures/signed-events.ts";
import { type Client, connect, settled, eventsIn, eventually } from "../client.ts";

const switchboard = env.SWITCHBOARD.getByName("switchboard");
let hub: DurableObjectStub<HubObject>;
let other: DurableObjectStub<HubObject>;
let open: Client[];
let made = 0;
beforeEach(() => {
  made += 1;
  [hub, other] = [env.HUB.getByName(`a${made}`), env.HUB.getByName(`b${made}`)];
  open = [];
});
afterEach(() => open.forEach((client) => client.close()));

async function enter(at: DurableObjectStub<HubObject>): Promise<Client> {
  const client = await connect(at);
  open.push(client);
  return client;
}

async function subscribe(client: Client, ...filters: object[]): Promise<void> {
  client.say("REQ", "s", ...filters);
  await client.upTo("EOSE");
  await settled(hub);
}

/** Returns an event of a kind that no other test in this file asks for. */
const fresh = (content: string) => signedEvent({ content, kind: 2000 + made });
const ours = () => ({ kinds: [2000 + made] });

async function publish(client: Client, event: object): Promise<void> {
  client.say("EVENT", event);
  expect((await client.upTo("OK")).at(-1)?.[2]).toBe(true);
}

async function expectReceived(client: Client, ...events: { id: string }[]): Promise<void> {
  await eventually(
    () => eventsIn(client.frames).length >= events.length,
    () => `${events.length} events, and got ${JSON.stringify(client.frames).slice(0, 300)}`,
  );
  expect(eventsIn(client.frames)).toEqual(events.map(({ id }) => ["s", id]));
}

describe("a hub that was evicted", () => {
  it("[15] keeps a subscription, and sends what another hub, HTTP and a client of its own publish", async () => {
    const [reader, writer, neighbour] = [await enter(hub), await enter(other), await enter(hub)];
    await subscribe(reader, ours());
    await evictDurableObject(hub);
    const events = [fresh("from another hub"), fresh("by HTTP"), fresh("from this hub")];
    await publish(writer, events[0]!);
    await expectReceived(reader, events[0]!);
    await evictDurableObject(hub);
    const posted = await exports.default.fetch("https://relay.test/api/v1/events", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(events[1]),
    });
    expect(posted.ok).toBe(true);
    await expectReceived(reader, events[0]!, events[1]!);
    await evictDurableObject(hub);
    await publish(neighbour, events[2]!);
    await expectReceived(reader, ...events);
  });

  it("[10] knows which subscription was replaced or closed", async () => {
    const client = await enter(hub);
    await subscribe(client, ours());
    await subscribe(client, { kinds: [1999] });
    client.say("REQ", "closed", ours());
    await client.upTo("EOSE");
    client.say("CLOSE", "closed");
    client.say("REQ", "refused", ours());
    await client.upTo("EOSE");
    client.say("REQ", "refused", { ids: ["x"] });
    await client.upTo("CLOSED");
    await settled(hub);
    await evictDurableObject(hub);
    await publish(client, fresh("for nobody"));
    expect(eventsIn(client.frames)).toEqual([]);
  });

  it("keeps what does not fit in a socket's attachment: three subscriptions of 5,000 authors", async () => {
    const [reader, writer] = [await enter(hub), await enter(other)];
    const authors = Array.from({ length: 4999 }, (_, n) => n.toString(16).padStart(64, "0"));
    for (const id of ["one", "two", "three"]) {
      reader.say("REQ", id, { ...ours(), authors: [...authors, AUTHORS[0]] });
      await reader.upTo("EOSE");
    }
    await settled(hub);
    reader.say("CLOSE", "two");
    await evictDurableObject(hub);
    const event = fresh("for both");
    await publish(writer, event);
    await reader.upTo("EVENT");
    await reader.upTo("EVENT");
    await evictDurableObject(hub);
    reader.say("CLOSE", "one");
    await publish(writer, signedEvent({ content: "for one", kind: 2000 + made }));
    await reader.upTo("EVENT");
    expect(
      eventsIn(reader.frames)
        .map(([id]) => id)
        .toSorted(),
    ).toEqual(["one", "three", "three"]);
    await evictDurableObject(hub);
    expect(await overflow()).toEqual(["three"]);
  });

  it("writes nothing for a REQ that is closed after EOSE, whatever its size", async () => {
    const reader = await enter(hub);
    const authors = Array.from({ length: 300 }, (_, n) => n.toString(16).padStart(64, "0"));
    await subscribe(reader, ours());
    await runInDurableObject(hub, (_, { storage: { sql } }) => {
      sql.exec("CREATE TABLE written (id TEXT)");
      sql.exec(
        "CREATE TRIGGER writes AFTER INSERT ON subscription BEGIN INSERT INTO written VALUES (new.id); END",
      );
    });
    for (let n = 0; n < 10; n += 1) {
      reader.say("REQ", "closed", { ...ours(), authors });
      await reader.upTo("EOSE");
      reader.say("CLOSE", "closed");
    }
    for (const id of ["one", "two"]) {
      reader.say("REQ", id, { ...ours(), authors });
      await reader.upTo("EOSE");
    }
    await settled(hub);
    expect(await idsIn("written")).toEqual(["one", "two"]);
  });

  it("is not evicted before it has saved its subscriptions", async () => {
    const [client, neighbour, writer] = [await enter(hub), await enter(hub), await enter(other)];
    for (const each of [neighbour, client]) {
      each.say("REQ", "s", ours());
      await each.upTo("EOSE");
    }
    await evictDurableObject(hub);
    const event = fresh("after the end");
    await publish(writer, event);
    for (const each of [neighbour, client]) await expectReceived(each, event);
    expect(client.frames).toHaveLength(2);
  });

  it("ends its connections if it crashes before it has saved their subscriptions", async () => {
    const client = await enter(hub);
    client.say("REQ", "s", ours());
    await client.upTo("EOSE");
    const crash = runInDurableObject(hub, (_, state) => state.abort("crashed on purpose"));
    await expect(crash).rejects.toThrow("crashed on purpose");
    expect((await client.ended)[0]).toBe(1006);
  });

  it("forgets the subscriptions of a socket that closed while it slept", async () => {
    const authors = Array.from({ length: 5000 }, (_, n) => n.toString(16).padStart(64, "0"));
    const [leaving, staying] = [await enter(hub), await enter(hub)];
    for (const client of [leaving, staying]) await subscribe(client, { authors, ...ours() }, ours());
    expect(await overflow()).toHaveLength(2);
    await evictDurableObject(hub);
    leaving.close();
    await eventually(
      async () => (await overflow()).length === 1,
      () => "the overflow of the closed socket is still there",
    );
    const event = fresh("for who stayed");
    await publish(await enter(other), event);
    await expectReceived(staying, event);
    expect(eventsIn(leaving.frames)).toEqual([]);
  });

  it("[30] keeps the challenge and the keys that were proven", async () => {
    const [client, writer] = [await enter(hub), await enter(other)];
    const letters = async () => {
      client.say("REQ", "letters", { kinds: [4] });
      return client.upTo("CLOSED");
    };
    await evictDurableObject(hub);
    const [[, challenge] = []] = await letters();
    await evictDurableObject(hub);
    expect((await letters()).map(([verb]) => verb)).toEqual(["CLOSED"]);
    await evictDurableObject(hub);
    for (const author of AUTHORS.slice(0, 2)) {
      const tags = [
        ["relay", "wss://relay.test/"],
        ["challenge", challenge as string],
      ];
      const created_at = Math.floor(Date.now() / 1000);
      const proof = finalizeEvent({ kind: 22_242, created_at, tags, content: "" }, secretOf(author));
      client.say("AUTH", proof);
      expect(await client.upTo("OK")).toEqual([["OK", proof.id, true, ""]]);
      await evictDurableObject(hub);
    }
    await subscribe(client, { kinds: [1059] });
    await evictDurableObject(hub);
    const wraps = [0, 1, 2].map((n) =>
      signedEvent({ kind: 1059, content: `${made} ${n}`, tags: [["p", AUTHORS[n]!]], pubkey: AUTHORS[3]! }),
    );
    for (const wrap of wraps) await publish(writer, wrap);
    await expectReceived(client, wraps[0]!, wraps[1]!);
    const own = signedEvent({ content: "protected", tags: [["-"]], pubkey: AUTHORS[1]! });
    await publish(client, own);
  });

  it("counts its sockets again", async () => {
    const clients = [await enter(hub), await enter(hub)];
    await evictDurableObject(hub);
    expect((await hub.fetch("https://relay.test/", { headers: { upgrade: "websocket" } })).status).toBe(503);
    clients[0]!.close();
    await eventually(
      async () => {
        const response = await hub.fetch("https://relay.test/", { headers: { upgrade: "websocket" } });
        response.webSocket?.accept();
        response.webSocket?.close();
        return response.status === 101;
      },
      () => "the hub still counts a socket that has closed",
    );
  });
});

it("a hub whose subscriptions take all its memory leaves new connections to the next one", async () => {
  await enter(hub);
  await runInDurableObject(hub, (instance) => {
    Object.defineProperty(instance["hub"], "isFull", { value: true });
  });
  const response = await hub.fetch("https://relay.test/", { headers: { upgrade: "websocket" } });
  expect([response.status, await response.text()]).toEqual([503, "this hub is full"]);
});

describe("two hubs", () => {
  it("[15] an event published on one reaches the subscribers of the other once", async () => {
    const [one, two] = [await enter(hub), await enter(other)];
    for (const client of [one, two]) await subscribe(client, ours());
    const events = Array.from({ length: 20 }, (_, n) => fresh(String(n)));
    for (const [n, event] of events.entries()) await publish(n % 2 === 0 ? one : two, event);
    for (const client of [one, two]) {
      expect(await idsReceived(client, events)).toEqual(idsOf(events));
    }
  });

  it("[15] a message of the switchboard that was lost on purpose is made good from the log", async () => {
    const [reader, writer] = [await enter(hub), await enter(other)];
    await subscribe(reader, ours());
    const lost = await losingDeliveries();
    const [first, second] = [fresh("lost"), fresh("arrives")];
    await publish(writer, first);
    await eventually(lost, () => "no message was lost");
    expect(eventsIn(reader.frames)).toEqual([]);
    await evictDurableObject(hub);
    await publish(writer, second);
    const events = [first, second];
    expect(await idsReceived(reader, events)).toEqual(idsOf(events));
  });

  it("[15] a message that the hub failed to take is made good with no further event", async () => {
    const [reader, writer] = [await enter(hub), await enter(other)];
    await subscribe(reader, ours());
    const lost = await losingDeliveries(new Error("the hub was away, on purpose"));
    const event = fresh("failed");
    await publish(writer, event);
    await eventually(lost, () => "no message was lost");
    await evictDurableObject(hub);
    expect(await idsReceived(reader, [event])).toEqual([event.id]);
    await eventually(
      async () =>
        (await env.COUNTERS.getByName("counters").figures()).series.some(
          ({ name }) => name === "failed_deliveries_total",
        ),
      () => "the failure was not counted",
    );
  });

  it("[15] a switchboard that was evicted still knows its hubs", async () => {
    const [reader, writer] = [await enter(hub), await enter(other)];
    await subscribe(reader, ours());
    const events = [fresh("one"), fresh("two"), fresh("three")];
    for (const event of events) {
      await evictDurableObject(switchboard);
      await publish(writer, event);
    }
    expect(await idsReceived(reader, events)).toEqual(idsOf(events));
  });
});

it("[15] hubs reach the switchboard again after it was reset", async () => {
  const [reader, writer] = [await enter(hub), await enter(other)];
  await subscribe(reader, ours());
  const events = [fresh("before"), fresh("after"), fresh("later")];
  await publish(writer, events[0]!);
  await expectReceived(reader, events[0]!);
  const reset = runInDurableObject(env.SWITCHBOARD.getByName("switchboard"), (_, state) =>
    state.abort("reset on purpose"),
  );
  await expect(reset).rejects.toThrow("reset on purpose");
  for (const event of events.slice(1)) await publish(writer, event);
  await expectReceived(reader, ...events);
});

/** Makes the hub lose all messages of the switchboard, until it is evicted. Returns a function that counts them. */
async function losingDeliveries(failure?: Error): Promise<() => Promise<number>> {
  await runInDurableObject(hub, (instance) => {
    const losing = instance["hub"] as unknown as { lost: number; deliver(): Promise<void> };
    losing.lost = 0;
    losing.deliver = async () => {
      losing.lost += 1;
      if (failure) throw failure;
    };
  });
  return () => runInDurableObject(hub, (instance) => (instance["hub"] as unknown as { lost: number }).lost);
}

/** Returns the ids of the subscriptions that did not fit in an attachment. */
const overflow = () => idsIn("subscription");

async function idsIn(table: string): Promise<string[]> {
  return runInDurableObject(hub, (_, { storage }) =>
    storage.sql
      .exec<{ id: string }>(`SELECT id FROM ${table} ORDER BY id`)
      .toArray()
      .map(({ id }) => id),
  );
}

/** Waits for this many events. Returns their ids in sorted order, because a gap may be filled after later events. */
async function idsReceived(client: Client, { length }: unknown[]): Promise<string[]> {
  await eventually(
    () => eventsIn(client.frames).length >= length,
    () => `${eventsIn(client.frames).length} of ${length} events came`,
  );
  return eventsIn(client.frames)
    .map(([, id]) => id)
    .toSorted();
}

function idsOf(events: { id: string }[]): string[] {
  return events.map(({ id }) => id).toSorted();
}
