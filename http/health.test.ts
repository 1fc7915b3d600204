import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type HttpApi, openHttpApi } from "../tests/fixtures/http-api.ts";
import { migratedSqlite } from "../tests/fixtures/sqlite.ts";
import { saveBacklog } from "../store/watch/gauges.ts";
import { type ProbeOutcome, saveProbe } from "../store/watch/probe.ts";

let db: ReturnType<typeof migratedSqlite>;
let api: HttpApi;
beforeEach(() => {
  db = migratedSqlite();
  api = openHttpApi({}, db);
});
afterEach(() => api.close());

const ago = (minutes: number) => Math.floor(Date.now() / 1000) - 60 * minutes - 5;
const probed = (outcome: ProbeOutcome, minutes: number) =>
  saveProbe(db, { outcome, milliseconds: 40 }, ago(minutes));

async function ready(of = api): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await of.request("/health/ready");
  return { status: response.status, body: (await response.json()) as Record<string, unknown> };
}

describe("the relay's test of itself", () => {
  it("says when an event was last stored, in minutes", async () => {
    await probed("ok", 20);
    expect((await ready()).body).toMatchObject({
      status: "ok",
      problems: [],
      probe: { outcome: "ok", minutesAgo: 20, storedMinutesAgo: 20 },
    });
    await probed("refused", 5);
    const answer = await ready();
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      status: "ok",
      probe: { outcome: "refused", minutesAgo: 5, storedMinutesAgo: 20 },
    });
  });

  it("is not ready after it has failed, until it works again", async () => {
    await probed("ok", 20);
    await probed("failed", 5);
    expect(await ready()).toEqual({
      status: 503,
      body: { error: { code: "unavailable", message: expect.stringContaining("(5 minutes ago)") } },
    });
    await probed("ok", 1);
    expect((await ready()).status).toBe(200);
  });

  it("an old failure says nothing, but that nobody has looked since is a problem", async () => {
    await probed("failed", 60);
    const answer = await ready();
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      status: "degraded",
      problems: ["the relay last tested itself 60 minutes ago"],
      probe: { outcome: "failed", storedMinutesAgo: null },
    });
  });

  it("does not matter if it is off", async () => {
    const off = openHttpApi({ PROBE_INTERVAL: "0" }, db);
    await probed("failed", 5);
    expect(await ready(off)).toMatchObject({ status: 200, body: { status: "ok", problems: [] } });
  });
});

describe("the queues of the aggregator", () => {
  const waiting = (minutes: number, lookedAgo = 0) =>
    saveBacklog(db, { messages: 3, oldest: ago(minutes) }, ago(lookedAgo));

  it.each([
    [30, 0, { status: "ok", problems: [], queue: { oldestMinutes: 30 } }],
    [61, 0, { status: "degraded", problems: ["events from upstreams have waited for 61 minutes"] }],
    [10_150, 10_100, { status: "ok", problems: [] }],
    [7, 6, { status: "degraded", problems: ["the aggregator's minute job last ran 6 minutes ago"] }],
  ])("events have waited for %i minutes, as of %i minutes ago", async (oldest, lookedAgo, said) => {
    await waiting(oldest, lookedAgo);
    expect(await ready()).toMatchObject({ status: 200, body: said });
  });

  it("are empty", async () => {
    await saveBacklog(db, { messages: 0, oldest: undefined }, ago(0));
    expect((await ready()).body).toMatchObject({ status: "ok", queue: { oldestMinutes: null } });
  });
});
