import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect, eventsIn, type Frame, openRelay, type Relay } from "../../tests/fixtures/hubs.ts";
import { KeptSession } from "../../tests/fixtures/kept-session.ts";
import { AUTHORS, signedEvent } from "../../tests/fixtures/signed-events.ts";
import { turn } from "../../tests/fixtures/turn.ts";
import { strangersIdentity } from "../../tests/fixtures/strangers.ts";
import type { HubDeps } from "./hub.ts";
import { SETTLING_MILLISECONDS } from "./settling.ts";

let relay: Relay;
beforeEach(() => void (relay = openRelay()));
afterEach(() => relay.close());

/** Opens a hub that counts its declarations, and whose subscriptions settle when the test says so. */
function countingHub(name = "a") {
  const waiting: (() => void)[] = [];
  const calls = { declarations: 0, failures: 0, logs: 0 };
  const deps: Partial<HubDeps> = {
    pause: (milliseconds) =>
      milliseconds === SETTLING_MILLISECONDS
        ? new Promise((resolve) => void waiting.push(resolve))
        : Promise.resolve(),
    switchboard: {
      declare: async (declaration) => {
        calls.declarations += 1;
        if (calls.failures > 0) {
          calls.failures -= 1;
          throw new Error("the switchboard is away");
        }
        return relay.switchboard.declare(structuredClone(declaration));
      },
      publish: async (publications, origin) =>
        relay.switchboard.publish(structuredClone(publications), origin),
    },
    store: {
      ...relay.store,
      log: (after, limit) => {
        calls.logs += 1;
        return relay.store.log(after, limit);
      },
    },
  };
  const hub = relay.hub(name, deps);
  const settle = async () => {
    for (const resolve of waiting.splice(0)) resolve();
    // Some are tried several times.
    for (let n = 0; n < 5; n += 1) await turn();
  };
  return { hub, calls, settle };
}

/** Publishes through another hub. */
async function publish(content: string, kind = 1): Promise<string> {
  const event = signedEvent({ content, kind });
  await connect(relay.hub("publisher")).say("EVENT", event);
  await turn();
  return event.id;
}

const ids = (count: number) => Array.from({ length: count }, (_, n) => n.toString(16).padStart(64, "0"));

describe("a REQ that is closed after EOSE", () => {
  it.each([
    ["ids", { ids: ids(1) }],
    ["kinds", { kinds: [1], limit: 20 }],
    ["authors and kinds", { authors: [AUTHORS[0]], kinds: [0] }],
    ["a tag", { kinds: [7], "#e": ids(1) }],
  ])("is not declared: %s", async (_, filter) => {
    const { hub, calls, settle } = countingHub();
    const client = connect(hub);
    for (let n = 0; n < 10; n += 1) {
      await client.say("REQ", "s", filter);
      await client.say("CLOSE", "s");
    }
    await settle();
    expect(client.frames.map(([verb]) => verb)).toEqual(Array.from({ length: 10 }, () => "EOSE"));
    expect(calls).toEqual({ declarations: 0, failures: 0, logs: 0 });
    expect(client.records.size).toBe(0);
  });

  it("is not saved, whether its keys are declared or not", async () => {
    const { hub, settle } = countingHub();
    const client = connect(hub);
    await client.say("REQ", "stays", { kinds: [1] });
    await settle();
    for (const kinds of [[1], [7]]) {
      await client.say("REQ", "s", { kinds });
      await client.say("CLOSE", "s");
    }
    expect(client.kept.isUnsaved).toBe(true);
    await settle();
    // The second REQ came after the first pause had begun.
    expect(client.kept.isUnsaved).toBe(true);
    await settle();
    expect([client.kept.isUnsaved, client.kept.saves]).toEqual([false, 1]);
  });

  it("is not declared if its connection ends instead", async () => {
    const { hub, calls, settle } = countingHub();
    const [client] = [connect(hub), connect(hub)];
    await client.say("REQ", "s", { kinds: [1] });
    hub.close(client.session);
    await settle();
    expect(calls.declarations).toBe(0);
  });
});

describe("a REQ for ids that was answered with all of them", () => {
  it("costs nothing while it stays open: no more events can come", async () => {
    const { hub, calls, settle } = countingHub();
    const client = connect(hub);
    const known = [await publish("one"), await publish("two")];
    await client.say("REQ", "s", { ids: [known[0]] }, { ids: known, kinds: [1] });
    await settle();
    expect(client.take().map(([verb]) => verb)).toEqual(["EVENT", "EVENT", "EOSE"]);
    expect([calls.declarations, client.kept.saves, client.kept.isUnsaved]).toEqual([0, 0, false]);
    expect([hub.feed.memory.bytes, client.session.subscriptions.size]).toEqual([0, 1]);
    await client.say("CLOSE", "s");
    expect([hub.feed.memory.bytes, client.session.subscriptions.size]).toEqual([0, 0]);
  });

  it.each([
    ["one is missing", (id: string) => [{ ids: [id, ...ids(1)] }]],
    ["the limit left one out", (id: string) => [{ ids: [id, ...ids(1)], limit: 1 }]],
    ["another filter has no ids", (id: string) => [{ ids: [id] }, { "#t": ["x"] }]],
    ["it was not sent", (id: string) => [{ ids: [id], limit: 0 }]],
  ])("goes on as usual if %s", async (_, filtersOf) => {
    const { hub, calls, settle } = countingHub();
    const client = connect(hub);
    await client.say("REQ", "s", ...filtersOf(await publish("one")));
    await settle();
    expect([calls.declarations, client.kept.saves]).toEqual([1, 1]);
    expect(hub.feed.memory.bytes).toBeGreaterThan(0);
  });
});

describe("a subscription that stays open", () => {
  it("is declared together with all others of that moment, with one look at the log", async () => {
    const { hub, calls, settle } = countingHub();
    const client = connect(hub);
    for (const [n, author] of ids(20).entries())
      await client.say("REQ", `${n}`, { authors: [author], kinds: [1] });
    await client.say("REQ", "notes", { kinds: [1] });
    const id = await publish("before the declaration");
    expect(eventsIn(client.frames)).toEqual([]);
    await settle();
    expect(eventsIn(client.frames)).toEqual([["notes", id]]);
    expect(calls).toEqual({ declarations: 1, failures: 0, logs: 1 });
    await client.say("REQ", "known", { kinds: [1] });
    const later = await publish("later");
    expect(eventsIn(client.frames).slice(2)).toEqual([
      ["notes", later],
      ["known", later],
    ]);
    expect(calls.declarations).toBe(1);
  });

  it("gets an event of its own hub at once, after those that passed the hub by", async () => {
    const { hub, calls } = countingHub();
    const client = connect(hub);
    await client.say("REQ", "s", { kinds: [1] });
    const first = await publish("elsewhere");
    const own = signedEvent({ content: "here" });
    await client.say("EVENT", own);
    await turn();
    expect(eventsIn(client.frames)).toEqual([
      ["s", first],
      ["s", own.id],
    ]);
    expect(calls.declarations).toBe(1);
  });

  it.each([
    ["of an ephemeral kind", { kinds: [20_001] }],
    ["without kinds", {}],
    ["without kinds, by an author", { authors: [signedEvent().pubkey] }],
  ])("is declared before EOSE if it may want what the log never has: %s", async (_, filter) => {
    const { hub, calls } = countingHub();
    const client = connect(hub);
    await client.say("REQ", "s", filter);
    expect(calls.declarations).toBe(1);
    const id = await publish("ephemeral", 20_001);
    expect(eventsIn(client.frames)).toEqual([["s", id]]);
  });

  it("gets an ephemeral event of its own hub while it waits", async () => {
    const { hub, calls } = countingHub();
    const client = connect(hub);
    const event = signedEvent({ kind: 20_001 });
    await client.say("REQ", "s", { ids: [event.id] });
    await client.say("EVENT", event);
    expect(eventsIn(client.frames)).toEqual([["s", event.id]]);
    expect(calls.declarations).toBe(0);
  });

  it("is saved with all others of its connection, in one write", async () => {
    const { hub, settle } = countingHub();
    const [client, other] = [connect(hub), connect(hub)];
    await client.say("REQ", "notes", { kinds: [1] });
    expect([client.kept.isUnsaved, client.kept.saves]).toEqual([true, 0]);
    await settle();
    expect([client.kept.isUnsaved, client.kept.saves]).toEqual([false, 1]);
    for (const id of ["declared", "again"]) await client.say("REQ", id, { kinds: [1] });
    for (const id of ["new", "closed"]) await client.say("REQ", id, { kinds: [7] });
    await client.say("CLOSE", "closed");
    await other.say("REQ", "s", { ids: ids(1) });
    await settle();
    expect([client.kept.isUnsaved, client.kept.saves, other.kept.saves]).toEqual([false, 2, 1]);
    expect([...client.records.keys()]).toEqual(["notes", "declared", "again", "new"]);
    await client.say("REQ", "later", { kinds: [1] });
    await client.say("CLOSE", "notes");
    expect([client.kept.isUnsaved, client.kept.saves, client.records.size]).toEqual([true, 2, 3]);
  });

  it("is saved with the position from which it has to go on", async () => {
    const { hub, settle } = countingHub();
    const client = connect(hub);
    await publish("stored");
    await client.say("REQ", "s", { kinds: [1] });
    const missed = await publish("before the declaration");
    await settle();
    expect(eventsIn(client.frames).slice(1)).toEqual([["s", missed]]);
    expect(client.records.get("s")).toMatchObject({ from: 2 });
    const woken = countingHub();
    const frames: Frame[] = [];
    const socket = { send: (frame: string) => void frames.push(JSON.parse(frame)), close: () => undefined };
    woken.hub.open(socket, client.kept, strangersIdentity(), [...client.records.values()]);
    const unheard = signedEvent({ content: "while it slept" });
    await relay.store.commit([unheard]);
    const later = await publish("later");
    // A gap is filled after the event that showed it.
    expect(eventsIn(frames)).toEqual([
      ["s", later],
      ["s", unheard.id],
    ]);
  });

  it("was not declared when an earlier deployment saved it: it gets each event once", async () => {
    const missed = await publish("before the declaration");
    const { hub, settle } = countingHub();
    const kept = new KeptSession();
    const frames: Frame[] = [];
    const socket = { send: (frame: string) => void frames.push(JSON.parse(frame)), close: () => undefined };
    const filters = [{ kinds: [1], tags: [] }];
    hub.open(socket, kept, strangersIdentity(), [{ id: "s", filters, from: 0, undeclared: true }]);
    await settle();
    const later = await publish("later");
    expect(eventsIn(frames)).toEqual([
      ["s", missed],
      ["s", later],
    ]);
    expect([...kept.records.values()]).toEqual([{ id: "s", filters, from: 1 }]);
  });

  it("is declared again if that fails, and ends if it goes on failing", async () => {
    const { hub, calls, settle } = countingHub();
    const client = connect(hub);
    calls.failures = 2;
    await client.say("REQ", "s", { kinds: [1] });
    const id = await publish("meanwhile");
    await settle();
    expect(client.take().slice(1)).toEqual([["EVENT", "s", expect.objectContaining({ id })]]);
    calls.failures = Infinity;
    await client.say("REQ", "t", { kinds: [7] });
    await settle();
    expect(client.take().slice(1)).toEqual([["CLOSED", "t", expect.stringMatching(/^error: .*try again/)]]);
  });
});
