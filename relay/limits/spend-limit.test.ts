/** What clients of a hub and of the HTTP API see while the relay saves money. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { PUBKEY } from "../../tests/fixtures/author.ts";
import { type HttpApi, openHttpApi } from "../../tests/fixtures/http-api.ts";
import { type Client, connect, openRelay, type Relay } from "../../tests/fixtures/hubs.ts";
import { authorizationEvent, headerOf, manage } from "../../tests/fixtures/management.ts";
import { AUTHORS, signedEvent } from "../../tests/fixtures/signed-events.ts";
import type { SpendingLevel } from "../../telemetry/spending.ts";
import { SLOW_SHARE, SPENT_SECONDS, SpendLimit } from "./spend-limit.ts";

const [ALICE = ""] = AUTHORS;
const REFUSAL = expect.stringMatching(/^rate-limited: the relay has spent/);

it("pauses pulls first, then gives clients less, then serves only admins", () => {
  const limit = new SpendLimit({ RELAY_ADMINS: [PUBKEY] });
  const at = (level: SpendingLevel) => {
    limit.hear({ spending: level });
    return [limit.mayPull, limit.share, limit.refusal([])?.seconds, limit.refusal([ALICE, PUBKEY])];
  };
  expect(at("free")).toEqual([true, 1, undefined, undefined]);
  expect(at("no-pulls")).toEqual([false, 1, undefined, undefined]);
  expect(at("slow")).toEqual([false, SLOW_SHARE, undefined, undefined]);
  expect(at("stopped")).toEqual([false, SLOW_SHARE, SPENT_SECONDS, undefined]);
  // From a deployment without levels, or with one that is not known here.
  limit.hear(undefined);
  expect(limit.isStopped).toBe(false);
  limit.hear({ spending: "on fire" as SpendingLevel });
  expect(limit.isStopped).toBe(false);
});

describe("a hub", () => {
  let relay: Relay;
  let limit: SpendLimit;
  let stranger: Client;
  beforeEach(() => {
    relay = openRelay({ RELAY_ADMINS: ALICE });
    limit = new SpendLimit(relay.config);
    const hub = relay.hub("hub", { spendLimit: limit });
    stranger = connect(hub);
    limit.hear({ spending: "stopped" });
  });
  afterEach(() => relay.close());

  it("refuses every question and event, and closes no connection", async () => {
    const event = signedEvent({ pubkey: AUTHORS[1] ?? "" });
    await stranger.say("REQ", "a", {});
    await stranger.say("COUNT", "b", {});
    await stranger.say("EVENT", event);
    await stranger.say("NEG-OPEN", "c", {}, "61");
    expect(stranger.take()).toEqual([
      ["CLOSED", "a", REFUSAL],
      ["CLOSED", "b", REFUSAL],
      ["OK", event.id, false, REFUSAL],
      ["NEG-ERR", "c", expect.stringMatching(/^rate-limited/)],
    ]);
    expect(stranger.closings).toEqual([]);
    expect(relay.metrics.total("d1_rows_read_total")).toBe(0);
    limit.hear({ spending: "free" });
    await stranger.say("REQ", "a", {});
    expect(stranger.take()).toEqual([["EOSE", "a"]]);
  });

  it("serves an admin, and stores what an admin has signed", async () => {
    const admin = connect(stranger.hub, { keys: [ALICE] });
    await admin.say("EVENT", signedEvent({ pubkey: AUTHORS[1] ?? "" }));
    await stranger.say("EVENT", signedEvent({ pubkey: ALICE }));
    await admin.say("REQ", "a", {});
    expect(admin.take().map(([verb, , accepted]) => [verb, accepted])).toEqual([
      ["OK", true],
      ["EVENT", expect.anything()],
      ["EVENT", expect.anything()],
      ["EOSE", undefined],
    ]);
    expect(stranger.take()).toEqual([["OK", expect.any(String), true, ""]]);
  });
});

describe("the HTTP API", () => {
  let api: HttpApi;
  beforeEach(() => {
    api = openHttpApi({ RELAY_ADMINS: PUBKEY });
    api.spendLimit.hear({ spending: "stopped" });
  });
  afterEach(() => api.close());

  it("answers 429 with Retry-After", async () => {
    const body = JSON.stringify(signedEvent({ pubkey: ALICE }));
    const headers = { "content-type": "application/json" };
    const answers = [
      await api.request("/api/v1/events"),
      await api.request("/api/v1/events/count"),
      await api.request(`/api/v1/events/${"ab".repeat(32)}`),
      await api.request("/api/v1/query", { method: "POST", body: '{"filters":[{}]}', headers }),
      await api.request("/api/v1/events", { method: "POST", body, headers }),
    ];
    for (const answer of answers)
      expect([answer.status, answer.headers.get("retry-after")]).toEqual([429, String(SPENT_SECONDS)]);
  });

  it("serves admins, their calls, and what operators watch", async () => {
    const path = "/api/v1/events";
    const now = Math.floor(Date.now() / 1000);
    const signed = { url: `http://relay.test${path}`, method: "GET", body: undefined, now };
    const authorization = headerOf(authorizationEvent(signed));
    expect((await api.request(path, { headers: { authorization } })).status).toBe(200);
    expect(await manage(api, "banpubkey", ALICE)).toMatchObject({ status: 200, result: true });
    expect((await api.request("/metrics")).status).toBe(200);
    expect((await api.request("/health")).status).toBe(200);
  });
});
