/** Event streams over hubs with a database in memory. Between `take` and `take`, nothing waits for a real second. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Event } from "../nostr/event.ts";
import type { StreamRequest } from "../relay/session/streams.ts";
import { type ReadStream, readStream } from "../tests/fixtures/event-stream.ts";
import { type HttpApi, openHttpApi } from "../tests/fixtures/http-api.ts";
import { type Client, connect, NOW, openRelay, type Relay } from "../tests/fixtures/hubs.ts";
import { ALICE, BOB, by, CAROL } from "../tests/fixtures/people.ts";
import { answerStream } from "./stream.ts";

const ADDRESS = "203.0.113.7";

let relay: Relay;
let publisher: Client;
let now = NOW;
beforeEach(() => {
  now = NOW;
  relay = openRelay();
  hubs.clear();
  publisher = connect(relay.hub("publisher"), { keys: [ALICE] });
});
afterEach(() => relay.close());

const hubs = new Map<string, ReturnType<Relay["hub"]>>();
function hubOf(name: string) {
  const hub = hubs.get(name) ?? relay.hub(name, { now: () => now });
  hubs.set(name, hub);
  return hub;
}

function ask(asked: Partial<StreamRequest> = {}, hub = "a"): Promise<Response> {
  const request = { filters: [{ tags: [] }], keys: [], ip: ADDRESS, after: undefined, ...asked };
  return answerStream(hubOf(hub), request, (error) => void relay.reported.push(error));
}

async function open(asked: Partial<StreamRequest> = {}, hub = "a"): Promise<ReadStream> {
  const response = await ask(asked, hub);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8");
  return readStream(response.body);
}

async function publish(...events: Event[]): Promise<void> {
  for (const event of events) await publisher.say("EVENT", event);
  await relay.settled();
}

async function shown(stream: ReadStream) {
  return (await stream.take()).map(({ event, data }) => (event === "message" ? (data as Event).id : event));
}

let made = 0;
const note = (draft: Partial<Event> = {}) => by(ALICE, { content: `note ${(made += 1)}`, ...draft });

describe("a stream", () => {
  it("begins with no stored event unless a limit asks for some, and then has what comes", async () => {
    const [old, fresh] = [note(), note()];
    await publish(old);
    const [plain, limited] = [await open(), await open({ filters: [{ limit: 5, tags: [] }] })];
    await relay.settled();
    expect(await shown(plain)).toEqual(["eose"]);
    expect(await shown(limited)).toEqual([old.id, "eose"]);
    await publish(fresh);
    expect(await shown(plain)).toEqual([fresh.id]);
    expect(await shown(limited)).toEqual([fresh.id]);
    expect(relay.reported).toEqual([]);
  });

  it("has only what matches and what its keys may see, and ephemeral events", async () => {
    const stranger = await open();
    const bob = await open({ keys: [BOB], filters: [{ kinds: [4, 20_001], tags: [] }] });
    await relay.settled();
    const direct = note({ kind: 4, tags: [["p", BOB]] });
    const passing = note({ kind: 20_001 });
    const other = note();
    await publish(direct, passing, other);
    expect(await shown(stranger)).toEqual(["eose", passing.id, other.id]);
    expect(await shown(bob)).toEqual(["eose", direct.id, passing.id]);
  });

  it("that is closed leaves nothing at the hub", async () => {
    const stream = await open();
    await relay.settled();
    const hub = hubOf("a");
    expect([hub.size, hub.streams.size]).toEqual([1, 1]);
    await stream.cancel();
    expect([hub.size, hub.streams.size, hub.feed.memory.bytes]).toEqual([0, 0, 0]);
  });
});

describe("a client that comes back", () => {
  it("gets what it missed, at any hub, and nothing twice", async () => {
    const first = await open();
    await relay.settled();
    const events = Array.from({ length: 6 }, () => note());
    await publish(...events.slice(0, 2));
    expect(await shown(first)).toEqual(["eose", events[0]!.id, events[1]!.id]);
    await first.cancel();
    await publish(...events.slice(2, 4), note({ kind: 4, tags: [["p", BOB]] }));
    const second = await open({ after: first.lastId() }, "b");
    await relay.settled();
    expect(await shown(second)).toEqual([events[2]!.id, events[3]!.id, "eose"]);
    await publish(...events.slice(4));
    expect(await shown(second)).toEqual([events[4]!.id, events[5]!.id]);
  });

  it("that had seen no event yet goes on from where it began, even on an empty relay", async () => {
    const first = await open();
    await first.take();
    await first.cancel();
    const event = note();
    await publish(event);
    expect(await shown(await open({ after: first.lastId() }))).toEqual([event.id, "eose"]);
    await publish(note());
    const second = await open();
    await second.take();
    const last = note();
    await second.cancel();
    await publish(last);
    expect(await shown(await open({ after: second.lastId() }))).toEqual([last.id, "eose"]);
  });

  it.each(["2.x", `1.${"a".repeat(64)}`, "1.x", "nonsense"])(
    "with a position that is not known (%s) is told so, and begins anew",
    async (after) => {
      const event = note();
      await publish(event);
      const stream = await open({ after, filters: [{ limit: 1, tags: [] }] });
      await relay.settled();
      const messages = await stream.take();
      expect(messages.map((message) => message.event)).toEqual(["reset", "message", "eose"]);
      expect(messages[0]).toMatchObject({
        lastId: "",
        data: { message: expect.stringContaining("not known") },
      });
    },
  );

  it("cannot learn by a position whether a private event is stored", async () => {
    const secret = note({ kind: 4, tags: [["p", BOB]] });
    await publish(secret);
    const answers = async (keys: string[]) =>
      (await (await open({ keys, after: `1.${secret.id}` })).take()).map(({ event }) => event);
    expect(await answers([])).toEqual(["reset", "eose"]);
    expect(await answers([CAROL])).toEqual(["reset", "eose"]);
    expect(await answers([BOB])).toEqual(["eose"]);
  });

  it("after more than is looked through is told so", async () => {
    const first = note();
    await publish(first);
    const { log } = relay.store;
    // As if 20,000 events followed that nobody wants.
    relay.store.log = async (after) =>
      after >= 30_000 ? log(after, 1) : { events: manyAfter(after, first), head: 40_000 };
    const stream = await open({ after: `1.${first.id}`, filters: [{ kinds: [7], tags: [] }] });
    const [message] = await stream.take();
    expect(message).toMatchObject({ event: "reset", data: { message: expect.stringContaining("too much") } });
    await stream.cancel();
  });
});

function manyAfter(after: number, { id, ...rest }: Event) {
  const json = JSON.stringify({ id, ...rest });
  return Array.from({ length: 200 }, (_, n) => ({ seq: after + 1 + n, id, created_at: 1, json }));
}

describe("positions", () => {
  it("go on while nothing matches, so that a client that comes back has little to catch up", async () => {
    const stream = await open({ filters: [{ kinds: [7], tags: [] }] });
    await relay.settled();
    await stream.take();
    const events = [note(), note()];
    await publish(...events);
    for (let beats = 0; beats < 3; beats += 1) {
      await hubOf("a").streams.beat();
      await relay.settled();
    }
    await stream.take();
    expect(stream.lastId()).toBe(`1.${events[1]!.id}`);
  });

  it("do not pass an event that is still missing", async () => {
    const hub = hubOf("a");
    const stream = await open();
    await relay.settled();
    await stream.take();
    const [missing, later] = [note(), note()];
    const { log } = relay.store;
    relay.store.log = () => Promise.reject(new Error("the database does not answer"));
    await relay.store.commit([missing, later]);
    const delivery = {
      version: 1,
      events: [{ seq: 2, event: later }],
      ephemeral: [],
      spans: [{ prev: 1, last: 2 }],
      head: 2,
    };
    const before = stream.lastId();
    await hub.deliver(delivery as never);
    expect(await shown(stream)).toEqual([later.id]);
    expect(stream.lastId()).toBe(before);
    relay.store.log = log;
    for (let beats = 0; beats < 3; beats += 1) {
      await hub.streams.beat();
      await relay.settled();
    }
    expect(await shown(stream)).toEqual([missing.id]);
    expect(stream.lastId()).toBe(`1.${later.id}`);
  });
});

describe("the end of a stream", () => {
  it("after an hour: the client comes back", async () => {
    const stream = await open();
    await relay.settled();
    now += 3600;
    await hubOf("a").streams.beat();
    expect(await stream.next()).toMatchObject({ event: "eose" });
    expect(await stream.next()).toBeUndefined();
    expect(hubOf("a").size).toBe(0);
  });

  it("when the operators no longer allow it, with the reason", async () => {
    const stream = await open();
    await relay.settled();
    await stream.take();
    const entry = { at: NOW, pubkey: ALICE, method: "x", params: [], outcome: "done" };
    await relay.moderation.change([{ do: "set", setting: "READ_ACCESS", value: "auth" }], entry);
    await relay.announce();
    await relay.settled();
    expect(await stream.next()).toMatchObject({
      event: "closed",
      data: { error: { code: "auth-required", message: expect.any(String) } },
    });
    expect(await stream.next()).toBeUndefined();
    expect(hubOf("a").size).toBe(0);
  });

  it("when the client does not read: what waits is dropped", async () => {
    relay.close();
    relay = openRelay({ MAX_SILENT_BYTES: "1048576", RATE_LIMIT: "off" });
    hubs.clear();
    publisher = connect(relay.hub("publisher"), { keys: [ALICE] });
    const response = await ask();
    await relay.settled();
    for (let n = 0; n < 15; n += 1) await publish(note({ content: `${n}${"x".repeat(100_000)}` }));
    expect(hubOf("a").size).toBe(0);
    await expect(response.text()).rejects.toThrow("slow consumer");
  });
});

describe("refused before it begins", () => {
  it("401 if only some may read, and 429 for a client that has used up its allowance", async () => {
    relay.close();
    relay = openRelay({ READ_ACCESS: "auth" });
    hubs.clear();
    const refused = await ask();
    expect([refused.status, await refused.json()]).toEqual([
      401,
      { error: { code: "auth-required", message: expect.any(String) } },
    ]);
    expect((await ask({ keys: [ALICE] })).status).toBe(200);
    expect(hubOf("a").size).toBe(1);
  });

  it("rejects if the database does not answer", async () => {
    relay.store.newestPublic = () => Promise.reject(new Error("gone"));
    await expect(ask()).rejects.toThrow("gone");
    expect(hubOf("a").size).toBe(0);
  });
});

describe("GET /api/v1/stream", () => {
  let api: HttpApi;
  beforeEach(() => {
    api = openHttpApi();
  });
  afterEach(() => api.close());

  it.each([
    ["?order=asc", 400, "invalid"],
    ["?keyword=x", 400, "invalid"],
    [`?cursor=1.${"a".repeat(64)}`, 400, "invalid"],
    ["?x=1", 400, "invalid"],
    ["?kinds=1059", 401, "auth-required"],
  ])("%s is refused", async (query, status, code) => {
    const response = await api.request(`/api/v1/stream${query}`);
    expect([response.status, await response.json()]).toMatchObject([status, { error: { code } }]);
  });

  it("HEAD opens none", async () => {
    const response = await api.request("/api/v1/stream", { method: "HEAD" });
    expect([response.status, response.headers.get("content-type")]).toEqual([
      200,
      "text/event-stream; charset=utf-8",
    ]);
  });
});
