import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { connect, eventsIn, openRelay, type Relay } from "../../tests/fixtures/hubs.ts";
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

  it("is not declared if its connection ends instead", async () => {
    const { hub, calls, settle } = countingHub();
    const [client] = [connect(hub), connect(hub)];
    await client.say("REQ", "s", { kinds: [1] });
    hub.close(client.session);
    await settle();
    expect(calls.declarations).toBe(0);
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

  it("is not lost by a hub that ends before the declaration, and gets each event once", async () => {
    const { hub, settle } = countingHub();
    const client = connect(hub);
    await client.say("REQ", "s", { kinds: [1] });
    const missed = await publish("before the declaration");
    const woken = countingHub();
    const frames: string[] = [];
    const send = (frame: string) => void frames.push(frame);
    woken.hub.open({ send, close: () => undefined }, client.session.memory, strangersIdentity(), [
      ...client.records.values(),
    ]);
    expect(client.records.get("s")).toMatchObject({ undeclared: true });
    await woken.settle();
    const later = await publish("later");
    await settle();
    expect(frames.map((frame) => (JSON.parse(frame) as [string, string, { id: string }])[2].id)).toEqual([
      missed,
      later,
    ]);
    expect(client.records.get("s")).not.toHaveProperty("undeclared");
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
