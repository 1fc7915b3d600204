import { afterEach, expect, it } from "vitest";
import { type HttpApi, openHttpApi } from "../tests/fixtures/http-api.ts";
import { managementRequest } from "../tests/fixtures/management.ts";
import { signedEvent } from "../tests/fixtures/signed-events.ts";

let api: HttpApi | undefined;
afterEach(() => {
  api?.close();
  api = undefined;
});

const HEADERS = { "cf-connecting-ip": "203.0.113.7" };

async function askUntilRefused(
  opened: HttpApi,
  headers: Record<string, string>,
  path = "/api/v1/events?limit=1",
): Promise<Response> {
  const { status } = await opened.request(path, { headers });
  for (let asked = 1; asked < 200; asked += 1) {
    const response = await opened.request(path, { headers });
    if (response.status !== status) return response;
  }
  throw new Error("it was never refused");
}

it("an address that asks for too much is told when to come back, for queries and publications alike", async () => {
  api = openHttpApi({ RATE_LIMIT: "1000" });
  const refused = await askUntilRefused(api, HEADERS);
  expect(refused.status).toBe(429);
  expect(Number(refused.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(await refused.json()).toEqual({
    error: { code: "rate-limited", message: expect.stringMatching(/retry in \d+ s$/) },
  });
  const publication = { method: "POST", body: JSON.stringify(signedEvent()) };
  const post = (headers: Record<string, string>) =>
    api!.request("/api/v1/events", { ...publication, headers });
  expect((await post(HEADERS)).status).toBe(429);
  expect((await api.request(`/api/v1/events/${signedEvent().id}`, { headers: HEADERS })).status).toBe(429);
  expect((await post({ "cf-connecting-ip": "203.0.113.8" })).status).toBe(201);
});

it("every answer says what is left, in requests that find nothing, and a refusal when there is more", async () => {
  // As much as ten such requests.
  api = openHttpApi({ RATE_LIMIT: "1500" });
  const toldAt = async (path: string) => {
    const { headers } = await api!.request(path, { headers: HEADERS });
    const names = ["ratelimit-policy", "ratelimit", "retry-after", "access-control-expose-headers"];
    return names.map((name) => headers.get(name));
  };
  const left: number[] = [];
  for (let asked = 0; asked < 5; asked += 1) {
    const [policy, limit, retry, exposed] = await toldAt("/api/v1/events?limit=1");
    expect([policy, retry]).toEqual(['"work";q=10;w=60', null]);
    expect(exposed?.split(",")).toEqual(expect.arrayContaining(["RateLimit", "RateLimit-Policy"]));
    left.push(Number(/^"work";r=(\d+)$/.exec(limit ?? "")?.[1]));
  }
  expect(left).toEqual([9, 8, 7, 6, 5]);
  await askUntilRefused(api, HEADERS);
  const [, limit, retry] = await toldAt("/health");
  expect([limit, Number(retry)]).toEqual([`"work";r=0;t=${retry}`, expect.any(Number)]);
});

it.each([
  ["nobody is limited", { RATE_LIMIT: "off" }, HEADERS],
  ["nobody is refused", { POLICY_DRY_RUN: "on" }, HEADERS],
  ["the client is on the relay's machine", {}, { "cf-connecting-ip": "127.0.0.1" }],
] as const)("nothing is said of an allowance if %s", async (_, settings, headers) => {
  api = openHttpApi(settings);
  const response = await api.request("/health", { headers });
  expect([response.headers.get("ratelimit"), response.headers.get("ratelimit-policy")]).toEqual([null, null]);
});

it.each(["/", "/health", "/metrics", "/api/v1/openapi.json", "/api/v1/events/count", "/nowhere"])(
  "whoever asks for %s again and again is refused, whatever is asked next, in a way that pages can read",
  async (path) => {
    api = openHttpApi({ RATE_LIMIT: "1000" });
    const refused = await askUntilRefused(api, HEADERS, path);
    expect(refused.status).toBe(429);
    expect(refused.headers.get("access-control-allow-origin")).toBe("*");
    expect((await api.request("/health", { method: "DELETE", headers: HEADERS })).status).toBe(429);
    expect((await api.fetch(managementRequest("{}", HEADERS))).status).toBe(429);
    expect((await api.request(path, { headers: { "cf-connecting-ip": "203.0.113.8" } })).status).not.toBe(
      429,
    );
  },
);

it("an authorization pays for its check, and for what is hashed to check it", async () => {
  const calls = async (body: string) => {
    using opened = { ...openHttpApi({ RATE_LIMIT: "1000" }), [Symbol.dispose]: () => opened.close() };
    const statuses: number[] = [];
    for (let n = 0; n < 8; n += 1)
      statuses.push((await opened.fetch(managementRequest(body, HEADERS))).status);
    return statuses;
  };
  expect(await calls("{}")).toEqual([403, 403, 403, 403, 403, 403, 403, 429]);
  expect(await calls("x".repeat(250_000))).toEqual([403, 429, 429, 429, 429, 429, 429, 429]);
});

it("events that are published are paid for", async () => {
  api = openHttpApi({ RATE_LIMIT: "1000" });
  const statuses: number[] = [];
  for (const content of ["1", "2", "3", "4", "5", "6"]) {
    const body = JSON.stringify(signedEvent({ content }));
    statuses.push((await api.request("/api/v1/events", { method: "POST", body, headers: HEADERS })).status);
  }
  expect(statuses).toEqual([201, 201, 201, 201, 201, 429]);
});

it.each<Record<string, string>>([{}, { "cf-connecting-ip": "::1" }])(
  "a client with %j is not limited",
  async (headers) => {
    api = openHttpApi({ RATE_LIMIT: "1000" });
    await expect(askUntilRefused(api, headers)).rejects.toThrow("never refused");
    await expect(askUntilRefused(api, headers, "/health")).rejects.toThrow("never refused");
  },
);

it("a network that the platform refuses is told so before anything is read", async () => {
  const refusal = {
    prefix: "rate-limited",
    reason: "too many requests; retry in 10 s",
    seconds: 10,
  } as const;
  api = openHttpApi({}, undefined, undefined, async ({ headers }) =>
    headers.has("x-flood") ? refusal : undefined,
  );
  expect((await api.request("/api/v1/events", { headers: HEADERS })).status).toBe(200);
  const refused = await api.request("/api/v1/events", { headers: { ...HEADERS, "x-flood": "1" } });
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "10"]);
  expect(await refused.json()).toEqual({ error: { code: refusal.prefix, message: refusal.reason } });
});
