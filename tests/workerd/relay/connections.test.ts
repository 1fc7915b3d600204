/** Connections of one network, and silent connections. Here one network may hold one connection. */
import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { HubObject } from "../../../worker/main.ts";
import { connect, type Client, eventually } from "../client.ts";

let hub: DurableObjectStub<HubObject>;
let made = 0;
beforeEach(() => {
  made += 1;
  hub = env.HUB.getByName(`connections ${made}`);
});
afterEach(() => vi.useRealTimers());

async function ask(ip: string): Promise<Response> {
  return hub.fetch("https://relay.test/", {
    headers: { upgrade: "websocket", "cf-connecting-ip": ip },
  });
}

describe("one network", () => {
  it("is refused before the upgrade when it has as many as it may, is told the most, and may come back", async () => {
    const { webSocket } = await ask("2001:db8:1:2::1");
    webSocket?.accept();
    const refused = await ask("2001:db8:1:2::ffff");
    expect([refused.status, refused.webSocket, refused.headers.get("retry-after")]).toEqual([
      429,
      null,
      "60",
    ]);
    expect(await refused.text()).toBe(
      "rate-limited: your network has 1 open connections, the maximum (MAX_CONNECTIONS): close one first",
    );
    const other = await ask("2001:db8:1:3::1");
    expect(other.status).toBe(101);
    other.webSocket?.accept();
    other.webSocket?.close(1000);
    webSocket?.close(1000);
    await eventually(
      async () => {
        const again = await ask("2001:db8:1:2::1");
        again.webSocket?.accept();
        again.webSocket?.close(1000);
        return again.webSocket;
      },
      () => "no room, though the other connection is closed",
    );
  });

  it("has no more than it may when all come at once, nor after the hub has slept", async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => ask("203.0.113.7")));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      101, 429, 429, 429, 429, 429,
    ]);
    for (const answer of answers) if (!answer.webSocket) await answer.text();
    const { webSocket } = answers.find(({ status }) => status === 101)!;
    webSocket?.accept();
    await evictDurableObject(hub);
    const after = await ask("203.0.113.7");
    expect([after.status, await after.text()]).toEqual([429, expect.stringMatching(/^rate-limited: ./)]);
    webSocket?.close(1000);
  });
});

describe("a connection that says nothing for ten minutes", () => {
  async function enter(): Promise<Client & { closed: () => CloseEvent | undefined }> {
    let closed: CloseEvent | undefined;
    const client = await connect({
      async fetch(url, init) {
        const response = await hub.fetch(url, init);
        response.webSocket?.addEventListener("close", (event) => void (closed = event));
        return response;
      },
    });
    return { ...client, closed: () => closed };
  }

  function later(seconds: number): void {
    vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + seconds * 1000 });
  }

  it("is ended with a reason, if it is subscribed to nothing; the alarm is set only for such", async () => {
    const [idle, subscriber] = [await enter(), await enter()];
    subscriber.say("REQ", "s", { kinds: [1] });
    await subscriber.upTo("EOSE");
    await evictDurableObject(hub);
    later(601);
    expect(await runDurableObjectAlarm(hub)).toBe(true);
    vi.useRealTimers();
    const reason = "you sent nothing for 10 minutes and have no subscription";
    expect((await idle.upTo("NOTICE")).at(-1)).toEqual(["NOTICE", `closed: ${reason}`]);
    const event = await eventually(idle.closed, () => "it was not closed");
    expect([event?.code, event?.reason]).toEqual([1000, `idle: ${reason}`]);
    expect(subscriber.closed()).toBeUndefined();
    expect(await runInDurableObject(hub, (_, { storage }) => storage.getAlarm())).toBeNull();
    subscriber.say("CLOSE", "s");
    await eventually(
      async () => (await runInDurableObject(hub, (_, { storage }) => storage.getAlarm())) !== null,
      () => "a connection that has closed its subscription is not looked at",
    );
    subscriber.close();
  });

  it("is not ended when it has said something since, and is looked at again", async () => {
    const client = await enter();
    later(500);
    client.say("CLOSE", "nothing");
    client.say("REQ", "s", { kinds: [1], limit: 0 });
    await client.upTo("EOSE");
    client.say("CLOSE", "s");
    client.say("COUNT", "c", { kinds: [1] });
    await client.upTo("COUNT");
    later(101);
    expect(await runDurableObjectAlarm(hub)).toBe(true);
    expect(client.closed()).toBeUndefined();
    expect(await runInDurableObject(hub, (_, { storage }) => storage.getAlarm())).toBeGreaterThan(Date.now());
    client.close();
  });
});
