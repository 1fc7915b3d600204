import * as fc from "fast-check";
import { generateSecretKey } from "nostr-tools/pure";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PUBKEY, SECRET } from "../../tests/fixtures/author.ts";
import { openHttpApi, type HttpApi } from "../../tests/fixtures/http-api.ts";
import {
  type Answered,
  authorizationEvent,
  headerOf,
  manage,
  managementRequest,
} from "../../tests/fixtures/management.ts";

const BODY = '{"method":"listallowedkinds","params":[]}';
const [ANN, BOB] = ["a".repeat(64), "b".repeat(64)] as const;
const ADMIN = { RELAY_ADMINS: PUBKEY };

const UNKNOWN = { status: 403, error: expect.stringMatching(/^restricted: .*set RELAY_URL/) as unknown };

let api: HttpApi;
beforeEach(() => {
  api = openHttpApi(ADMIN);
});
afterEach(() => api.close());

async function answerOf(response: Response): Promise<Answered> {
  expect(response.headers.get("content-type")).toBe("application/nostr+json+rpc");
  expect(response.headers.get("access-control-allow-origin")).toBe("*");
  return { status: response.status, ...((await response.json()) as object) };
}

function signed(changes: Partial<Parameters<typeof authorizationEvent>[0]>, secret = SECRET): string {
  const now = Math.floor(Date.now() / 1000);
  const right = { url: "http://relay.test/", method: "POST", body: BODY, now };
  return headerOf(authorizationEvent({ ...right, ...changes }, secret));
}

describe("[37] who may call", () => {
  it("an admin, whose call is answered with its result", async () => {
    expect(await answerOf(await api.fetch(managementRequest(BODY)))).toEqual({ status: 200, result: [] });
  });

  it.each<[string, () => string]>([
    ["another address", () => signed({ url: "http://other.test/" })],
    ["another method", () => signed({ method: "GET" })],
    ["another body", () => signed({ body: "{}" })],
    ["no payload", () => signed({ body: undefined })],
    ["too old", () => signed({ now: Math.floor(Date.now() / 1000) - 70 })],
    ["nothing", () => "Nostr "],
    ["another scheme", () => signed({}).replace("Nostr", "Basic")],
    ["not an admin, and too old", () => signed({ now: 0 }, generateSecretKey())],
  ])("signed for %s: 401 with a sentence", async (_, authorization) => {
    const response = await api.fetch(managementRequest(BODY, { authorization: authorization() }));
    expect(response.headers.get("www-authenticate")).toBe("Nostr");
    expect(await answerOf(response)).toEqual({
      status: 401,
      error: expect.stringMatching(/^auth-required: .*: \S/),
    });
  });

  it("without Authorization: 401", async () => {
    const request = managementRequest(BODY);
    request.headers.delete("authorization");
    expect(await answerOf(await api.fetch(request))).toMatchObject({ status: 401 });
  });

  it("a key that is no admin: 403, and nothing is remembered of it", async () => {
    const authorization = signed({}, generateSecretKey());
    for (let n = 0; n < 2; n += 1) {
      const response = await api.fetch(managementRequest(BODY, { authorization }));
      expect(await answerOf(response)).toMatchObject({
        status: 403,
        error: expect.stringMatching(/not an admin/),
      });
    }
  });

  it("nobody, where no admin is named", async () => {
    using other = { ...openHttpApi(), [Symbol.dispose]: () => other.close() };
    expect(await answerOf(await other.fetch(managementRequest(BODY)))).toMatchObject({ status: 403 });
  });

  it("the same authorization once: 401 the second time, and nothing is done again", async () => {
    const body = JSON.stringify({ method: "banpubkey", params: [ANN] });
    const authorization = signed({ body });
    const send = async () => answerOf(await api.fetch(managementRequest(body, { authorization })));
    expect(await send()).toEqual({ status: 200, result: true });
    expect(await send()).toMatchObject({ status: 401, error: expect.stringContaining("used before") });
    expect(await api.moderation.auditLog(9)).toHaveLength(1);
  });

  it("where RELAY_URL is set, it is the only address that counts", async () => {
    const settings = { ...ADMIN, RELAY_URL: "wss://public.example" };
    using other = { ...openHttpApi(settings), [Symbol.dispose]: () => other.close() };
    const send = async (url: string) =>
      answerOf(await other.fetch(managementRequest(BODY, { authorization: signed({ url }) })));
    expect(await send("https://public.example/")).toMatchObject({ status: 200 });
    expect(await send("wss://public.example")).toMatchObject({ status: 200 });
    expect(await send("http://relay.test/")).toMatchObject({
      status: 401,
      error: expect.stringContaining('expected "https://public.example"'),
    });
  });

  it.each<[string, object]>([
    ["http://relay.test/", UNKNOWN],
    ["http://localhost.relay.test/", UNKNOWN],
    ["http://192.0.2.1/", UNKNOWN],
    ["http://localhost:8787/", { status: 200, result: [] }],
    ["http://127.0.0.1:8787/", { status: 200, result: [] }],
    ["http://[::1]:8787/", { status: 200, result: [] }],
  ])("without RELAY_URL a call signed for %s and sent there is answered %j", async (url, answer) => {
    using other = { ...openHttpApi({ ...ADMIN, RELAY_URL: "" }), [Symbol.dispose]: () => other.close() };
    const { headers } = managementRequest(BODY, { authorization: signed({ url }) });
    const request = new Request(url, { method: "POST", body: BODY, headers });
    expect(await answerOf(await other.fetch(request))).toEqual(answer);
  });

  it("a page of another origin, whose browser asks first", async () => {
    const response = await api.request("/", {
      method: "OPTIONS",
      headers: {
        origin: "https://client.example",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,content-type",
      },
    });
    expect(response.status).toBe(204);
    expect(response.headers.get("access-control-allow-headers")).toContain("Authorization");
  });
});

describe("[37] what is posted", () => {
  it.each([undefined, "application/json", "application/nostr+json", "text/plain"])(
    "as %s is no call: 415",
    async (type) => {
      const request = managementRequest(BODY);
      if (type === undefined) request.headers.delete("content-type");
      else request.headers.set("content-type", type);
      const response = await api.fetch(request);
      expect(response.status).toBe(415);
      expect(await response.json()).toMatchObject({ error: { code: "unsupported-type" } });
    },
  );

  it("may have parameters in its type, in any case", async () => {
    const request = managementRequest(BODY, {
      "content-type": "Application/Nostr+JSON+RPC; charset=utf-8",
    });
    expect(await answerOf(await api.fetch(request))).toMatchObject({ status: 200 });
  });

  it.each(["", "{", "[1"])("%j is no JSON: 400", async (body) => {
    expect(await answerOf(await api.fetch(managementRequest(body)))).toEqual({
      status: 400,
      error: expect.stringMatching(/^invalid: ./),
    });
  });

  it("is nested too deeply: 400, and nothing of it is repeated", async () => {
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    const body = `{"method":"banpubkey","params":[${deep}]}`;
    expect(await answerOf(await api.fetch(managementRequest(body)))).toEqual({
      status: 400,
      error: "invalid: the body is nested 100002 levels deep; at most 64 are allowed",
    });
  });

  it("is at most as long as a message: 413", async () => {
    using small = {
      ...openHttpApi({ ...ADMIN, MAX_MESSAGE_LENGTH: "1024" }),
      [Symbol.dispose]: () => small.close(),
    };
    expect(await answerOf(await small.fetch(managementRequest("x".repeat(1025))))).toMatchObject({
      status: 413,
    });
  });

  it.each([["nothing"], ["banpubkey"], ["banpubkey", "short"], ["allowkind", 70_000]])(
    "%s %s is answered with an error, and changes nothing",
    async (method, ...params) => {
      expect(await manage(api, method, ...params)).toEqual({
        status: 200,
        error: expect.stringMatching(/^invalid: ./),
      });
      expect(await api.moderation.auditLog(9)).toEqual([]);
    },
  );

  it("without a database: 503, and the operator learns why", async () => {
    const other = openHttpApi(ADMIN);
    other.close();
    expect(await answerOf(await other.fetch(managementRequest(BODY)))).toEqual({
      status: 503,
      error: expect.stringMatching(/^error: ./),
    });
    expect(other.reported).toHaveLength(1);
  });
});

describe("[38] methods", () => {
  const call = (method: string, ...params: unknown[]) => manage(api, method, ...params);
  const resultOf = async (method: string, ...params: unknown[]) => (await call(method, ...params)).result;

  it("ban and allow keys, with reasons", async () => {
    await call("banpubkey", ANN, "spam");
    await call("banpubkey", BOB);
    expect(await resultOf("listbannedpubkeys")).toEqual(
      expect.arrayContaining([
        { pubkey: ANN, reason: "spam" },
        { pubkey: BOB, reason: "" },
      ]),
    );
    expect(await resultOf("unbanpubkey", ANN, "sorry")).toBe(true);
    expect(await resultOf("listbannedpubkeys")).toEqual([{ pubkey: BOB, reason: "" }]);
    await call("allowpubkey", ANN, "friend");
    expect(await resultOf("listallowedpubkeys")).toEqual([{ pubkey: ANN, reason: "friend" }]);
    await call("unallowpubkey", ANN);
    expect(await resultOf("listallowedpubkeys")).toEqual([]);
  });

  it("an admin is not banned", async () => {
    expect(await call("banpubkey", PUBKEY)).toMatchObject({ error: expect.stringContaining("RELAY_ADMINS") });
    expect(await resultOf("listbannedpubkeys")).toEqual([]);
  });

  it("decide on events: the last decision holds", async () => {
    await call("banevent", ANN, "illegal");
    expect(await resultOf("listbannedevents")).toEqual([{ id: ANN, reason: "illegal" }]);
    await call("allowevent", ANN, "fine");
    expect(await resultOf("listbannedevents")).toEqual([]);
    expect(await resultOf("listallowedevents")).toEqual([{ id: ANN, reason: "fine" }]);
    await call("banevent", ANN);
    expect(await resultOf("listallowedevents")).toEqual([]);
  });

  it("allow and disallow kinds", async () => {
    for (const kind of [1063, 7, 1]) await call("allowkind", kind);
    await call("disallowkind", 7);
    await call("disallowkind", 4);
    expect(await resultOf("listallowedkinds")).toEqual([1, 1063]);
    expect(await resultOf("listdisallowedkinds")).toEqual([4, 7]);
  });

  it("a change of kinds says what holds; lifting a ban does not allow, and twice is as once", async () => {
    const steps: [method: string, kind: number, holds: string][] = [
      ["disallowkind", 7, "all kinds are accepted except 7"],
      ["undisallowkind", 7, "all kinds are accepted"],
      ["undisallowkind", 7, "all kinds are accepted"],
      ["disallowkind", 4, "all kinds are accepted except 4"],
      ["allowkind", 7, "only these kinds are accepted: 7"],
      ["allowkind", 7, "only these kinds are accepted: 7"],
      ["allowkind", 1, "only these kinds are accepted: 1, 7"],
      ["unallowkind", 7, "only these kinds are accepted: 1"],
      ["allowkind", 4, "only these kinds are accepted: 1, 4"],
      ["unallowkind", 4, "only these kinds are accepted: 1"],
      ["disallowkind", 1, "all kinds are accepted except 1"],
      ["allowkind", 1, "only these kinds are accepted: 1"],
    ];
    for (const [method, kind, message] of steps)
      expect(await call(method, kind)).toMatchObject({ result: true, message });
  });

  it("allowing a banned key lifts the ban", async () => {
    await call("banpubkey", ANN, "spam");
    await call("allowpubkey", ANN);
    expect(await resultOf("listbannedpubkeys")).toEqual([]);
    expect(await resultOf("listallowedpubkeys")).toEqual([{ pubkey: ANN, reason: "" }]);
  });

  it("block addresses, however they are written, but not the caller's own", async () => {
    await call("blockip", "2001:DB8:0::1", "flood");
    await call("blockip", "192.0.2.77/24");
    expect(await resultOf("listblockedips")).toEqual(
      expect.arrayContaining([
        { ip: "2001:db8::1", reason: "flood" },
        { ip: "192.0.2.0/24", reason: "" },
      ]),
    );
    await call("unblockip", "192.0.2.0/24");
    await call("unblockip", "2001:db8::1");
    expect(await resultOf("listblockedips")).toEqual([]);
    const body = JSON.stringify({ method: "blockip", params: ["198.51.100.0/24"] });
    const own = await api.fetch(managementRequest(body, { "cf-connecting-ip": "198.51.100.9" }));
    expect(await answerOf(own)).toMatchObject({ error: expect.stringContaining("lock yourself out") });
  });

  it("change what the relay document and the page say, at once and within the settings' bounds", async () => {
    await call("changerelayname", "Nice <relay>");
    await call("changerelaydescription", "All about it");
    await call("changerelayicon", "https://x.example/icon.png");
    await call("changewriteaccess", "auth");
    await call("changereadaccess", "allow");
    const accept = { headers: { accept: "application/nostr+json" } };
    expect(await (await api.request("/", accept)).json()).toMatchObject({
      name: "Nice <relay>",
      description: "All about it",
      icon: "https://x.example/icon.png",
      supported_nips: expect.arrayContaining([86, 98]),
      limitation: { auth_required: true, restricted_writes: true },
    });
    expect(await (await api.request("/")).text()).toContain("Nice &lt;relay>");
    expect(await call("changerelayname", "x".repeat(30))).toMatchObject({
      error: expect.stringContaining("at most 29 characters"),
    });
    await call("changerelayicon", "");
    expect(await (await api.request("/", accept)).json()).not.toHaveProperty("icon");
  });

  it("make, describe, give and take roles, and say what is not there", async () => {
    expect(await resultOf("createrole", "k", "King", "rules", 37, 1)).toBe(true);
    expect(await call("createrole", "k")).toMatchObject({ error: expect.stringContaining("editrole") });
    expect(await call("editrole", "q")).toMatchObject({ error: expect.stringContaining("createrole") });
    expect(await call("assignrole", ANN, "q")).toMatchObject({
      error: expect.stringContaining("createrole"),
    });
    expect(await resultOf("assignrole", ANN, "k")).toBe(true);
    expect(await resultOf("editrole", "k", "Queen", "rules too", 38, 2)).toBe(true);
    expect(await resultOf("listroles")).toEqual([
      { id: "k", label: "Queen", description: "rules too", color: 38, order: 2, members: [ANN] },
    ]);
    await call("unassignrole", ANN, "k");
    expect(await resultOf("listroles")).toMatchObject([{ members: [] }]);
    await call("deleterole", "k");
    expect(await resultOf("listroles")).toEqual([]);
  });

  it("leave a line in the audit log when they change something, or refuse to", async () => {
    await call("banpubkey", ANN, "spam");
    await call("banpubkey", PUBKEY);
    await call("listbannedpubkeys");
    expect(await resultOf("listauditlog")).toEqual([
      {
        at: expect.any(Number),
        pubkey: PUBKEY,
        method: "banpubkey",
        params: [PUBKEY],
        outcome: expect.stringContaining("is an admin"),
      },
      { at: expect.any(Number), pubkey: PUBKEY, method: "banpubkey", params: [ANN, "spam"], outcome: "done" },
    ]);
  });

  it("say so when a hub could not be told", async () => {
    const announce = async () => ["hub-1"];
    using other = { ...openHttpApi(ADMIN, undefined, announce), [Symbol.dispose]: () => other.close() };
    expect(await manage(other, "banpubkey", ANN)).toEqual({
      status: 200,
      error: expect.stringMatching(/is stored, but hub-1 did not answer/),
    });
    expect(await manage(other, "listbannedpubkeys")).toMatchObject({ result: [{ pubkey: ANN }] });
  });
});

describe("[38] any sequence of calls", () => {
  /** The effect that each method should have on the lists, as simple as possible. */
  const effects: Record<string, (lists: Record<string, Set<string>>, subject: string) => void> = {
    banpubkey: ({ bannedpubkeys }, key) => bannedpubkeys!.add(key),
    unbanpubkey: ({ bannedpubkeys }, key) => bannedpubkeys!.delete(key),
    allowpubkey: ({ allowedpubkeys, bannedpubkeys }, key) => {
      bannedpubkeys!.delete(key);
      allowedpubkeys!.add(key);
    },
    unallowpubkey: ({ allowedpubkeys }, key) => allowedpubkeys!.delete(key),
    banevent: ({ bannedevents, allowedevents }, id) => {
      allowedevents!.delete(id);
      bannedevents!.add(id);
    },
    allowevent: ({ bannedevents, allowedevents }, id) => {
      bannedevents!.delete(id);
      allowedevents!.add(id);
    },
    disallowkind: ({ allowedkinds, disallowedkinds }, kind) => {
      allowedkinds!.delete(kind);
      disallowedkinds!.add(kind);
    },
    allowkind: ({ allowedkinds, disallowedkinds }, kind) => {
      disallowedkinds!.delete(kind);
      allowedkinds!.add(kind);
    },
    unallowkind: ({ allowedkinds }, kind) => allowedkinds!.delete(kind),
    undisallowkind: ({ disallowedkinds }, kind) => disallowedkinds!.delete(kind),
    blockip: ({ blockedips }, ip) => blockedips!.add(ip),
    unblockip: ({ blockedips }, ip) => blockedips!.delete(ip),
  };
  const subjects = (method: string) => {
    if (method.endsWith("kind")) return ["1", "7", "30023"];
    if (method.endsWith("ip")) return ["192.0.2.1", "2001:db8::/32"];
    return [ANN, BOB, "c".repeat(64)];
  };
  const aCall = fc
    .constantFrom(...Object.keys(effects))
    .chain((method) => fc.tuple(fc.constant(method), fc.constantFrom(...subjects(method))));

  it("leaves the lists that it should", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(aCall, { maxLength: 25 }), async (calls) => {
        using fresh = { ...openHttpApi(ADMIN), [Symbol.dispose]: () => fresh.close() };
        const names = ["bannedpubkeys", "allowedpubkeys", "bannedevents", "allowedevents"];
        names.push("allowedkinds", "disallowedkinds", "blockedips");
        const lists = Object.fromEntries(names.map((name) => [name, new Set<string>()]));
        for (const [method, subject] of calls) {
          expect(await manage(fresh, method, subject)).toMatchObject({ status: 200, result: true });
          effects[method]!(lists, subject);
        }
        for (const name of names) {
          const { result } = await manage(fresh, `list${name}`);
          const found = (result as (number | object)[]).map((entry) =>
            String(typeof entry === "object" ? Object.values(entry)[0] : entry),
          );
          expect([name, found.toSorted()]).toEqual([name, [...lists[name]!].toSorted()]);
        }
        expect(await fresh.moderation.auditLog(99)).toHaveLength(calls.length);
      }),
      { numRuns: 15 },
    );
  }, 60_000);
});
