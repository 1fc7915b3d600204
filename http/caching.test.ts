import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Event } from "../nostr/event.ts";
import { PUBKEY } from "../tests/fixtures/author.ts";
import { countedSqlite, type CountedDatabase } from "../tests/fixtures/counted-database.ts";
import { type HttpApi, openHttpApi } from "../tests/fixtures/http-api.ts";
import { manage } from "../tests/fixtures/management.ts";
import { signedEvent } from "../tests/fixtures/signed-events.ts";
import { oneStep } from "../tests/fixtures/steps.ts";

let db: CountedDatabase;
let api: HttpApi;
beforeEach(() => {
  vi.useFakeTimers({ toFake: ["Date"], now: 1_800_000_000_000 });
  db = countedSqlite();
  api = openHttpApi({ RELAY_ADMINS: PUBKEY }, db);
});
afterEach(() => {
  api.close();
  vi.useRealTimers();
});

async function headersOf(path: string, headers: Record<string, string> = {}) {
  const response = await api.request(path, { headers });
  const { status } = response;
  const [caching, tag, vary] = ["cache-control", "etag", "vary"].map((name) => response.headers.get(name));
  return { status, caching, tag: tag ?? "", vary, body: await response.text() };
}

describe("one event", () => {
  const caching = async (event: Event) => {
    await api.store.commit([event]);
    return headersOf(`/api/v1/events/${event.id}`);
  };

  it("a regular event may be kept for a day, and by shared caches for a minute", async () => {
    const event = signedEvent();
    expect(await caching(event)).toMatchObject({
      status: 200,
      caching: "public, max-age=86400, s-maxage=60, immutable",
      tag: `"${event.id}"`,
      vary: "Authorization",
    });
  });

  it.each<[string, Partial<Event>]>([
    ["replaceable", { kind: 0 }],
    ["addressable", { kind: 30_023, tags: [["d", "x"]] }],
    ["expiring", { tags: [["expiration", "1900000000"]] }],
  ])("a cache must ask each time for one that is %s", async (_, draft) => {
    expect(await caching(signedEvent(draft))).toMatchObject({ status: 200, caching: "no-cache" });
  });

  it("304 for a client that has it, but not if it is gone", async () => {
    const event = signedEvent();
    const { tag } = await caching(event);
    const path = `/api/v1/events/${event.id}`;
    expect(await headersOf(path, { "if-none-match": `"x", W/${tag}` })).toMatchObject({
      status: 304,
      caching: expect.stringContaining("immutable"),
      body: "",
    });
    expect(await headersOf(path, { "if-none-match": '"x"' })).toMatchObject({ status: 200 });
    await manage(api, "banevent", event.id);
    expect(await headersOf(path, { "if-none-match": tag })).toMatchObject({
      status: 404,
      caching: "no-store",
    });
  });

  it("the tag of a list is no tag of an event", async () => {
    const event = signedEvent();
    await caching(event);
    const { tag } = await headersOf("/api/v1/events");
    expect(await headersOf(`/api/v1/events/${event.id}`, { "if-none-match": tag })).toMatchObject({
      status: 200,
    });
  });
});

describe.each(["/api/v1/events?kinds=1", "/api/v1/events/count?kinds=1"])("%s", (path) => {
  beforeEach(() => api.store.commit([signedEvent()]));

  it("304 while nothing is stored, without a look at the events", async () => {
    const { tag, caching, vary } = await headersOf(path);
    expect({ caching, vary }).toEqual({ caching: "no-cache", vary: "Authorization" });
    const { read, count } = api.store;
    api.store.read = api.store.count = () => oneStep(() => expect.unreachable("the events were read"));
    const before = db.calls;
    expect(await headersOf(path, { "if-none-match": tag })).toEqual({
      status: 304,
      caching: "no-cache",
      tag,
      vary: "Authorization",
      body: "",
    });
    expect(db.calls - before).toBe(1);
    Object.assign(api.store, { read, count });
    await api.store.commit([signedEvent({ content: "news" })]);
    expect(await headersOf(path, { "if-none-match": tag })).toMatchObject({ status: 200 });
  });

  it("the tag does not tell when a private event is stored", async () => {
    const { tag } = await headersOf(path);
    await api.store.commit([signedEvent({ kind: 1059, tags: [["p", PUBKEY]] })]);
    expect(await headersOf(path, { "if-none-match": tag })).toMatchObject({ status: 304 });
  });

  it("a decision of an operator changes the tag, and so does a minute: events also expire", async () => {
    const { tag } = await headersOf(path);
    await manage(api, "banevent", "a".repeat(64));
    const later = await headersOf(path, { "if-none-match": tag });
    expect(later).toMatchObject({ status: 200 });
    vi.setSystemTime(1_800_000_060_000);
    expect(await headersOf(path, { "if-none-match": later.tag })).toMatchObject({ status: 200 });
  });

  it("a client that may not read is refused, whatever it has", async () => {
    const { tag } = await headersOf(path);
    await manage(api, "changereadaccess", "auth");
    expect(await headersOf(path, { "if-none-match": tag })).toMatchObject({
      status: 401,
      caching: "no-store",
    });
  });
});

it("a relay without events has no tags", async () => {
  expect(await headersOf("/api/v1/events")).toMatchObject({ status: 200, tag: "" });
});

it.each(["/api/v1/events?x=1", "/api/v1/nothing", "/api/v1/events/x"])(
  "nobody keeps the error at %s",
  async (path) => {
    expect(await headersOf(path)).toMatchObject({ caching: "no-store" });
  },
);

it("a page links to the next one", async () => {
  await api.store.commit([signedEvent({ created_at: 1 }), signedEvent({ created_at: 2 })]);
  const follow = async (path: string) => {
    const response = await api.request(path);
    const { events } = (await response.json()) as { events: Event[] };
    return [events.map(({ created_at }) => created_at), response.headers.get("link")] as const;
  };
  const [first, link] = await follow("/api/v1/events?limit=1&kinds=1,2&tag.t=");
  expect(first).toEqual([]);
  expect(link).toBeNull();
  const [newest, next] = await follow("/api/v1/events?limit=1&kinds=1,2");
  expect(newest).toEqual([2]);
  const [, path = ""] = /^<(.*)>; rel="next"$/.exec(next ?? "") ?? [];
  expect(await follow(path)).toEqual([[1], null]);
});

it("web pages may read the headers, and need not ask again for a day", async () => {
  const response = await api.request("/api/v1/events", { headers: { origin: "https://app.example" } });
  const exposed = response.headers.get("access-control-expose-headers")?.split(",") ?? [];
  expect(exposed).toEqual(expect.arrayContaining(["ETag", "Link", "Retry-After"]));
  const preflight = await api.request("/api/v1/events", {
    method: "OPTIONS",
    headers: { origin: "https://app.example", "access-control-request-method": "GET" },
  });
  expect(preflight.headers.get("access-control-max-age")).toBe("86400");
});
