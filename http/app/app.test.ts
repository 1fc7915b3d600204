import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { atCost, oneStep } from "../../tests/fixtures/steps.ts";
import { PUBKEY } from "../../tests/fixtures/author.ts";
import { openHttpApi, type HttpApi } from "../../tests/fixtures/http-api.ts";
import { mismatches } from "../../tests/fixtures/json-schema.ts";
import { manage, managementRequest, signedRequest } from "../../tests/fixtures/management.ts";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import { MOST_LOOKED } from "../../relay/reads.ts";
import { MANAGEMENT_TYPE } from "../management/management.ts";
import type { OpenApiDocument } from "../openapi/openapi-types.ts";

let api: HttpApi;
beforeEach(() => {
  api = openHttpApi({ RELAY_NAME: "A <b>relay</b>", RELAY_DESCRIPTION: "About & more" });
});
afterEach(() => api.close());

async function problemOf(response: Response) {
  expect(response.headers.get("content-type")).toMatch(/^application\/json/);
  const { error } = (await response.json()) as { error: { code: string; message: string } };
  expect(error.message).not.toBe("");
  return { status: response.status, code: error.code };
}

describe("the address of the WebSocket", () => {
  it("[26] answers the relay document to those who ask for it, readable from any page", async () => {
    const response = await api.request("/", {
      headers: { accept: "text/plain, application/nostr+json;q=0.5" },
    });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-type")).toBe("application/nostr+json");
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(response.headers.get("access-control-allow-headers")).toBe("*,Authorization");
    expect(response.headers.get("access-control-allow-methods")).toContain("GET");
    expect(response.headers.get("vary")).toContain("Accept");
    expect(await response.json()).toMatchObject({ name: "A <b>relay</b>", version: "1.2.3" });
  });

  it.each([undefined, "text/html", "*/*", "application/nostr+json;q=0"])(
    "answers a page when Accept is %s, with the settings as text",
    async (accept) => {
      const response = await api.request("/", accept === undefined ? {} : { headers: { accept } });
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).toMatch(/^text\/html/);
      expect(response.headers.get("vary")).toContain("Accept");
      const page = await response.text();
      expect(page).toMatch(/<h1>A &lt;b(>|&gt;)relay&lt;\/b(>|&gt;)<\/h1>/);
      expect(page).toContain("About &amp; more");
      expect(page).toContain("ws://relay.test");
      expect(page).toContain('href="/api/v1/openapi.json"');
      expect(page).toContain('href="/health"');
      expect(page).not.toContain("<b>");
    },
  );

  it.each([
    ["without RELAY_URL, its address is the one at which it was reached", "", "wss://other.test"],
    ["with RELAY_URL, its address is that", "wss://relay.test", "wss://relay.test"],
  ])("%s", async (_, RELAY_URL, address) => {
    api.close();
    api = openHttpApi({ RELAY_URL });
    const page = await (await api.request("https://other.test/")).text();
    expect(page).toContain(`data-copy="${address}"`);
  });
});

describe("pages of other origins", () => {
  it.each(["/", "/api/v1/events", `/api/v1/events/${"a".repeat(64)}`, "/health", "/nowhere"])(
    "preflight for %s",
    async (path) => {
      const response = await api.request(path, {
        method: "OPTIONS",
        headers: {
          origin: "https://client.example",
          "access-control-request-method": "POST",
          "access-control-request-headers": "content-type",
        },
      });
      expect(response.status).toBe(204);
      expect(response.headers.get("access-control-allow-origin")).toBe("*");
      expect(response.headers.get("access-control-allow-headers")).toBe("*,Authorization");
      expect(response.headers.get("access-control-allow-methods")?.split(",")).toEqual(
        expect.arrayContaining(["GET", "POST", "OPTIONS"]),
      );
      expect(await response.text()).toBe("");
    },
  );

  it.each(["/api/v1/events", "/api/v1/events?limit=x", "/nowhere"])(
    "may read what %s answers",
    async (path) => {
      const response = await api.request(path, { headers: { origin: "https://client.example" } });
      expect(response.headers.get("access-control-allow-origin")).toBe("*");
    },
  );
});

describe("what goes wrong", () => {
  it.each(["/nowhere", "/api/v1", "/api/v1/events/", "/api/v1/events/a/b", "//", "/%00", "/%ff"])(
    "[20] there is nothing at %s",
    async (path) => {
      const response = await api.fetch(new Request(`http://relay.test${path}`));
      expect(await problemOf(response)).toEqual({ status: 404, code: "not-found" });
    },
  );

  it.each([
    ["DELETE", "/api/v1/events", "GET, HEAD, OPTIONS, POST"],
    ["PUT", `/api/v1/events/${"a".repeat(64)}`, "GET, HEAD, OPTIONS"],
    ["PUT", "/", "GET, HEAD, OPTIONS, POST"],
    ["POST", "/health", "GET, HEAD, OPTIONS"],
    ["PATCH", "/metrics", "GET, HEAD, OPTIONS"],
    ["POST", "/api/v1/openapi.json", "GET, HEAD, OPTIONS"],
  ])("%s %s: the method is wrong", async (method, path, allowed) => {
    const response = await api.request(path, { method });
    expect(response.headers.get("allow")).toBe(allowed);
    expect(await problemOf(response)).toEqual({ status: 405, code: "method-not-allowed" });
  });

  it("HEAD is GET without a body", async () => {
    const response = await api.request("/api/v1/events", { method: "HEAD" });
    expect(response.status).toBe(200);
    expect(await response.text()).toBe("");
  });

  it.each(["/health/ready", "/api/v1/events", `/api/v1/events/${"a".repeat(64)}`])(
    "%s without its database: unavailable, and the operator learns why",
    async (path) => {
      api.close();
      const response = await api.request(path);
      const text = await response.clone().text();
      expect(await problemOf(response)).toEqual({ status: 503, code: "unavailable" });
      expect(api.reported).toHaveLength(1);
      expect(text).not.toContain((api.reported[0] as Error).message);
      api = openHttpApi();
    },
  );

  it("a mistake of our own is no failure that passes, and is told in general only", async () => {
    makeMistakes(api);
    const response = await api.request("/api/v1/events");
    const text = await response.clone().text();
    expect(await problemOf(response)).toEqual({ status: 500, code: "internal" });
    expect(api.reported).toHaveLength(1);
    expect(text).not.toContain("gave no answer");
  });
});

describe("for operators", () => {
  it("health", async () => {
    const response = await api.request("/health");
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: "ok" });
    const ready = await api.request("/health/ready");
    expect(ready.status).toBe(200);
    expect(await ready.json()).toEqual({
      status: "ok",
      problems: [],
      store: { level: "ok", percent: 0 },
      queue: { oldestMinutes: null },
      probe: null,
    });
  });

  it("health without a database: the relay runs, but is not ready", async () => {
    const opened = api;
    loseDatabase(opened);
    expect((await opened.request("/health")).status).toBe(200);
    expect((await opened.request("/health/ready")).status).toBe(503);
  });

  it("metrics are Prometheus text, with what reading cost", async () => {
    await api.request("/api/v1/events");
    const response = await api.request("/metrics");
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(await response.text()).toContain('d1_rows_read_total{source="http"}');
  });
});

const ADDRESS = "203.0.113.7";

/** Returns requests for every route, right and wrong ones. */
function requests(): Request[] {
  const ask = (path: string, init?: RequestInit) => new Request(`http://relay.test${path}`, init);
  const tooLong = " ".repeat(600_000);
  return [
    ...["/", "/health", "/health/ready", "/metrics", "/api/v1/openapi.json"].map((path) => ask(path)),
    ...["", "?range=x"].map((rest) => ask(`/api/v1/stats${rest}`)),
    ...["", "?x=1", "/count", "/count?x=1", `/${"a".repeat(64)}`, "/a"].map((rest) =>
      ask(`/api/v1/events${rest}`),
    ),
    ...[JSON.stringify(signedEvent()), "", tooLong].map((body) =>
      ask("/api/v1/events", { method: "POST", body }),
    ),
    ask("/api/v1/events", {
      method: "POST",
      body: "{",
      headers: { "content-type": "application/x-ndjson" },
    }),
    ...["", "?kinds=1059", "?x=1"].map((rest) => ask(`/api/v1/stream${rest}`)),
    ...["", "?after=1", "?x=1"].flatMap((rest) => [
      ask(`/api/v1/export${rest}`),
      signedRequest(`http://relay.test/api/v1/export${rest}`, { method: "GET" }),
    ]),
    ...["", "{", "1\n".repeat(501)].flatMap((body) => [
      ask("/api/v1/import", { method: "POST", body }),
      signedRequest("http://relay.test/api/v1/import", { method: "POST", body }),
    ]),
    ...['{"filters":[{}]}', "", '{"filters":[{"kinds":[1059]}]}', tooLong].map((body) =>
      ask("/api/v1/query", { method: "POST", body }),
    ),
    ...['{"method":"listallowedkinds","params":[]}', "{", tooLong].map((body) => managementRequest(body)),
    ...["text/plain", MANAGEMENT_TYPE].map((type) =>
      ask("/", { method: "POST", headers: { "content-type": type } }),
    ),
  ];
}

async function askOften(opened: HttpApi): Promise<void> {
  for (let n = 0; n < 30; n += 1) await opened.request("/", { headers: { "cf-connecting-ip": ADDRESS } });
}

function loseDatabase(opened: HttpApi): void {
  opened.close();
  api = openHttpApi();
}

function makeMistakes({ store }: HttpApi): void {
  store.read = () => oneStep(() => ({ head: 0, answers: [] }));
}

describe("OpenAPI document", () => {
  async function read() {
    const response = await api.request("/api/v1/openapi.json");
    expect(response.status).toBe(200);
    return (await response.json()) as OpenApiDocument;
  }

  it("has every route that there is", async () => {
    const { openapi, info, paths } = await read();
    expect(openapi).toBe("3.1.0");
    expect(info.version).toBe("1.2.3");
    expect(Object.entries(paths).map(([path, methods]) => [path, Object.keys(methods).sort()])).toEqual([
      ["/", ["get", "post"]],
      ["/api/v1/events", ["get", "post"]],
      ["/api/v1/events/count", ["get"]],
      ["/api/v1/events/{id}", ["get"]],
      ["/api/v1/query", ["post"]],
      ["/api/v1/stream", ["get"]],
      ["/health", ["get"]],
      ["/health/ready", ["get"]],
      ["/metrics", ["get"]],
      ["/api/v1/stats", ["get"]],
      ["/api/v1/export", ["get"]],
      ["/api/v1/import", ["post"]],
      ["/api/v1/openapi.json", ["get"]],
    ]);
  });

  it.each(["/api/v1/events", "/api/v1/events/count"])(
    "names no parameter that %s does not know",
    async (path) => {
      const parameters = (await read()).paths[path]?.["get"]?.parameters ?? [];
      expect(parameters.length).toBeGreaterThan(9);
      for (const { name } of parameters.filter((parameter) => parameter.in === "query")) {
        const { error } = (await (await api.request(`${path}?${name}=~`)).json()) as {
          error?: { message: string };
        };
        expect(error?.message ?? "").not.toMatch(/is not a parameter|does not apply/);
      }
    },
  );

  it.each<[string, Record<string, string>, ((opened: HttpApi) => unknown)?]>([
    ["is as it should be", {}],
    ["is only for those who have authenticated", { READ_ACCESS: "auth", WRITE_ACCESS: "auth" }],
    ["blocks the address", {}, (opened) => manage(opened, "blockip", ADDRESS)],
    ["was asked for too much", { RATE_LIMIT: "1000" }, askOften],
    ["has no database", {}, loseDatabase],
    ["makes a mistake", {}, makeMistakes],
  ])("has every answer that is given when the relay %s", async (_, settings, arrange) => {
    const document = await read();
    const { paths } = document;
    api.close();
    api = openHttpApi({ RELAY_ADMINS: PUBKEY, ...settings });
    const opened = api;
    await arrange?.(opened);
    const operations = new Set<unknown>();
    for (const request of requests()) {
      request.headers.set("cf-connecting-ip", ADDRESS);
      const path = new URL(request.url).pathname.replace(/a+$/, "{id}");
      const operation = paths[path]?.[request.method.toLowerCase()];
      operations.add(operation);
      const response = await opened.fetch(request);
      const content = operation?.responses[response.status]?.content ?? {};
      const asked = `${response.status} to ${request.method} ${path}`;
      const [type = ""] = response.headers.get("content-type")?.split(";") ?? [];
      expect(Object.keys(content), asked).toContain(type);
      const body: unknown = /[/+]json\b/.test(type) ? await response.json() : await response.text();
      expect(mismatches(body, content[type]?.schema ?? {}, document), asked).toEqual([]);
    }
    expect(operations).toEqual(new Set(Object.values(paths).flatMap((methods) => Object.values(methods))));
  });

  it("has the page of a search that was stopped", async () => {
    const document = await read();
    const { store } = api;
    const event = signedEvent({ content: "word" });
    // More events than one step returns. The store checks neither ids nor signatures.
    await store.commit(Array.from({ length: 300 }, (_, n) => ({ ...event, id: `${n}`.padStart(64, "0") })));
    const whole = store.read;
    store.read = (queries) => atCost(whole(queries), { looked: MOST_LOOKED + 1 });
    const page: unknown = await (await api.request("/api/v1/events?search=word&limit=300")).json();
    expect(page).toEqual({
      events: expect.any(Array),
      cursor: null,
      unfinished: expect.stringContaining(`${MOST_LOOKED} rows`),
    });
    expect(mismatches(page, { $ref: "#/components/schemas/EventPage" }, document)).toEqual([]);
  });

  it("refers to nothing that is not in it, and every operation says what it answers", async () => {
    const document = await read();
    const text = JSON.stringify(document);
    for (const [, pointer = ""] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
      let node: unknown = document;
      for (const key of pointer.split("/")) node = (node as Record<string, unknown> | undefined)?.[key];
      expect(node, pointer).toBeTypeOf("object");
    }
    for (const operation of Object.values(document.paths).flatMap((methods) => Object.values(methods)))
      expect(Object.keys(operation.responses)).not.toHaveLength(0);
  });
});
