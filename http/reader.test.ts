/** Reads that are signed (NIP-98): private kinds, and relays that only some may read. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Event } from "../nostr/event.ts";
import { PUBKEY } from "../tests/fixtures/author.ts";
import { type HttpApi, openHttpApi } from "../tests/fixtures/http-api.ts";
import { authorizationEvent, headerOf, manage } from "../tests/fixtures/management.ts";
import { AUTHORS, secretOf, signedEvent } from "../tests/fixtures/signed-events.ts";

const [ALICE = "", BOB = "", CAROL = ""] = AUTHORS;
const WRAP = signedEvent({ kind: 1059, pubkey: CAROL, tags: [["p", BOB]] });
const NOTE = signedEvent({ pubkey: ALICE });

let api: HttpApi;
beforeEach(async () => {
  api = openHttpApi({ RELAY_ADMINS: PUBKEY });
  await api.store.commit([WRAP, NOTE]);
});
afterEach(() => api.close());

interface Signing {
  url?: string;
  method?: string;
  body?: string;
  /** What is sent, if it is not what was signed. */
  sent?: string;
}

async function ask(path: string, signer: string | undefined, signing: Signing = {}) {
  const { url = `http://relay.test${path}`, method = "GET", body, sent = body } = signing;
  const now = Math.floor(Date.now() / 1000);
  const authorization = headerOf(authorizationEvent({ url, method, body, now }, secretOf(signer ?? ALICE)));
  const response = await api.request(path, {
    method: sent === undefined ? "GET" : "POST",
    ...(sent !== undefined && { body: sent }),
    headers: signer === undefined ? {} : { authorization },
  });
  const { status, headers } = response;
  return { status, headers, body: (await response.json()) as { events?: Event[]; count?: number } };
}

const ids = ({ body }: { body: { events?: Event[] } }) => body.events?.map(({ id }) => id);

describe("private kinds", () => {
  it("are sent to those who may read them, and to nobody else", async () => {
    const path = "/api/v1/events?kinds=1059";
    expect(ids(await ask(path, BOB))).toEqual([WRAP.id]);
    expect(ids(await ask(path, ALICE))).toEqual([]);
    const stranger = await ask(path, undefined);
    expect(stranger.status).toBe(401);
    expect(stranger.headers.get("www-authenticate")).toBe("Nostr");
    const body = JSON.stringify({ filters: [{ kinds: [1059] }, { kinds: [1] }] });
    expect(ids(await ask("/api/v1/query", BOB, { method: "POST", body }))?.toSorted()).toEqual(
      [WRAP.id, NOTE.id].toSorted(),
    );
    expect((await ask("/api/v1/events/count", BOB)).body).toEqual({ count: 2 });
    expect((await ask("/api/v1/events/count", CAROL)).body).toEqual({ count: 1 });
  });

  it("one by its id, which no cache but the client's own may keep", async () => {
    const path = `/api/v1/events/${WRAP.id}`;
    const { status, headers } = await ask(path, BOB);
    expect([status, headers.get("cache-control"), headers.get("vary")]).toEqual([
      200,
      "private, no-cache",
      "Authorization",
    ]);
    expect((await ask(path, ALICE)).status).toBe(404);
    expect((await ask(path, undefined)).status).toBe(404);
  });

  it("a list for one key has no tag, and is not for shared caches", async () => {
    const { headers } = await ask("/api/v1/events", BOB);
    expect([headers.get("cache-control"), headers.get("etag")]).toEqual(["private, no-cache", null]);
  });
});

describe("a signature that is not for this request is refused, even if it is not needed", () => {
  it.each<[string, string, Signing]>([
    ["another relay", "/api/v1/events", { url: "http://other.test/api/v1/events" }],
    ["another query", "/api/v1/events?kinds=1059", { url: "http://relay.test/api/v1/events?kinds=1" }],
    ["another method", "/api/v1/events", { method: "POST" }],
    [
      "another body",
      "/api/v1/query",
      { method: "POST", body: '{"filters":[{}]}', sent: '{"filters":[{} ]}' },
    ],
  ])("%s", async (_, path, signing) => {
    const { status, body } = await ask(path, BOB, signing);
    expect(status).toBe(401);
    expect(body).toMatchObject({ error: { code: "auth-required" } });
  });

  it("another scheme is for a proxy, and is ignored", async () => {
    const headers = { authorization: "Basic eDp5" };
    expect((await api.request("/api/v1/events", { headers })).status).toBe(200);
  });

  it("without RELAY_URL, a relay that others can reach does not know its own address", async () => {
    api.close();
    api = openHttpApi({ RELAY_URL: "" });
    expect(await ask("/api/v1/events", BOB)).toMatchObject({
      status: 403,
      body: { error: { code: "restricted", message: expect.stringContaining("RELAY_URL") } },
    });
  });
});

describe("a relay that only some may read", () => {
  it.each(["/api/v1/events", "/api/v1/events/count", `/api/v1/events/${NOTE.id}`])("%s", async (path) => {
    await manage(api, "changereadaccess", "auth");
    expect((await ask(path, undefined)).status).toBe(401);
    expect((await ask(path, ALICE)).status).toBe(200);
    await manage(api, "changereadaccess", "allow");
    expect((await ask(path, ALICE)).status).toBe(403);
    await manage(api, "allowpubkey", ALICE);
    const { status, headers } = await ask(path, ALICE);
    expect([status, headers.get("cache-control")]).toEqual([200, "private, no-cache"]);
  });
});
