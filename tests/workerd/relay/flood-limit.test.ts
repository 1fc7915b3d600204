/** Networks that Cloudflare's rate limiting binding refuses. */
import { env, exports } from "cloudflare:workers";
import { expect, it, vi } from "vitest";
import { Counts } from "../../../telemetry/counts.ts";
import { createConnect, createHubs } from "../../../worker/connect.ts";
import { createFloodLimit } from "../../../worker/flood-limit.ts";
import { NO_MOMENT } from "../../../telemetry/tracing.ts";

type Deps = Parameters<typeof createFloodLimit>[0];

const ON = { RATE_LIMIT: 1000, POLICY_DRY_RUN: "off" } as const;
const ADDRESS = "203.0.113.7";

/** Returns a limit whose binding refuses everything. */
function refusing(deps: Partial<Deps> = {}) {
  const limit = vi.fn<RateLimit["limit"]>().mockResolvedValue({ success: false });
  const [metrics, report] = [new Counts(), vi.fn<(error: unknown) => void>()];
  const refuseFlood = createFloodLimit({ config: ON, floods: { limit }, metrics, report, ...deps });
  return { refuseFlood, limit, metrics, report };
}

function request(ip: string | undefined, headers: Record<string, string> = {}): Request {
  return new Request("https://relay.test/", {
    headers: { ...headers, ...(ip !== undefined && { "cf-connecting-ip": ip }) },
  });
}

it("the binding of wrangler.toml counts", async () => {
  expect(await env.FLOODS.limit({ key: "relay.test 203.0.113.9" })).toEqual({ success: true });
  const { status } = await exports.default.fetch("https://relay.test/health", {
    headers: { "cf-connecting-ip": "203.0.113.9" },
  });
  expect(status).toBe(200);
});

it("a network is refused, counted, and told when to come again", async () => {
  const { refuseFlood, limit, metrics } = refusing();
  expect(await refuseFlood(request("2001:db8::1"), "http")).toEqual({
    prefix: "rate-limited",
    reason: "too many requests; retry in 10 s",
    seconds: 10,
  });
  expect(limit).toHaveBeenCalledWith({ key: "relay.test 2001:db8::/64" });
  expect(metrics.list()).toEqual([
    { name: "clients_limited_total", labels: { source: "http" }, amounts: [1] },
  ]);
});

it.each<[string, string | undefined, Partial<Deps>]>([
  ["a program on the same machine", "127.0.0.1", {}],
  ["a client without an address", undefined, {}],
  ["anybody with RATE_LIMIT=off", ADDRESS, { config: { ...ON, RATE_LIMIT: "off" } }],
  ["anybody with POLICY_DRY_RUN=on", ADDRESS, { config: { ...ON, POLICY_DRY_RUN: "on" } }],
  ["anybody without the binding", ADDRESS, { floods: undefined }],
])("never refuses %s", async (_, ip, deps) => {
  const { refuseFlood, limit } = refusing(deps);
  expect(await refuseFlood(request(ip), "http")).toBeUndefined();
  expect(limit).not.toHaveBeenCalled();
});

it("refuses nobody when the binding fails, and reports that", async () => {
  const failure = new Error("away");
  const limit = vi.fn<RateLimit["limit"]>().mockRejectedValue(failure);
  const { refuseFlood, report } = refusing({ floods: { limit } });
  expect(await refuseFlood(request(ADDRESS), "http")).toBeUndefined();
  expect(report).toHaveBeenCalledWith(failure);
});

it("a connection is refused before a hub is called", async () => {
  const { refuseFlood, metrics } = refusing();
  const connect = createConnect({
    hubs: createHubs({ maxHubs: 0, byContinent: false }),
    limiter: { limit: () => undefined, charge: () => undefined } as never,
    refuseFlood: (one) => refuseFlood(one, "websocket"),
    capture: () => NO_MOMENT,
  });
  const response = await connect(request(ADDRESS, { upgrade: "websocket" }));
  expect([response.status, response.headers.get("retry-after")]).toEqual([429, "10"]);
  expect(metrics.list()).toEqual([
    { name: "clients_limited_total", labels: { source: "websocket" }, amounts: [1] },
  ]);
});
