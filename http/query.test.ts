import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Event } from "../nostr/event.ts";
import { type HttpApi, openHttpApi } from "../tests/fixtures/http-api.ts";
import { AUTHORS, signedEvent } from "../tests/fixtures/signed-events.ts";
import { aFilter, anEvent, seeded } from "../tests/reference/generators.ts";
import { inOrder, matches, survivors } from "../tests/reference/matcher.ts";

const [ALICE = "", BOB = ""] = AUTHORS;

let api: HttpApi;
beforeEach(() => {
  api = openHttpApi({ MAX_LIMIT: "20", DEFAULT_LIMIT: "10", MAX_MESSAGE_LENGTH: "20000", MAX_FILTERS: "5" });
});
afterEach(() => api.close());

async function post(body: unknown) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const response = await api.request("/api/v1/query", { method: "POST", body: text });
  return { status: response.status, headers: response.headers, body: (await response.json()) as object };
}

interface Page {
  events: Event[];
  cursor: string | null;
}

describe("POST /api/v1/query", () => {
  it("answers one filter as GET does, and says that no cache may keep it", async () => {
    const events = [signedEvent({ created_at: 2 }), signedEvent({ created_at: 1, pubkey: BOB })];
    await api.store.commit(events);
    const { status, headers, body } = await post({ filters: [{ authors: [ALICE], limit: 5 }] });
    expect((await post({ filters: [{ limit: 1 }], limit: 2 })).body).toMatchObject({
      events: events.slice(0, 1),
    });
    expect({ status, body }).toEqual({ status: 200, body: { events: events.slice(0, 1), cursor: null } });
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("etag")).toBeNull();
    expect((await post({ filters: [{}], keyword: "absent" })).body).toEqual({ events: [], cursor: null });
  });

  it.each(["desc", "asc"])("pages of several filters have each event once, in order (%s)", async (order) => {
    const random = seeded(11);
    const sent = Array.from({ length: 120 }, () => anEvent(random)).filter(({ kind }) => kind !== 20_001);
    await api.store.commit(sent);
    const stored = survivors(sent);
    let found = 0;
    for (let n = 0; n < 40; n += 1) {
      const filters = [1, 2, 3].map(() => {
        const { limit: _, ...filter } = aFilter(random, sent);
        return filter;
      });
      const expected = inOrder(stored.filter((event) => filters.some((filter) => matches(filter, event))));
      if (order === "asc") expected.reverse();
      const visited: Event[] = [];
      for (let cursor: string | null | undefined; cursor !== null;) {
        const { body } = await post({ filters, order, limit: 7, cursor });
        const page = body as Page;
        visited.push(...page.events);
        cursor = page.cursor;
      }
      found += visited.length;
      expect(
        visited.map(({ id }) => id),
        JSON.stringify(filters),
      ).toEqual(expected.map(({ id }) => id));
    }
    expect(found).toBeGreaterThan(100);
  });

  it("a search is alone, and is one page", async () => {
    await api.store.commit([signedEvent({ content: "one cat" }), signedEvent({ content: "cat cat" })]);
    const { body } = await post({ filters: [{ search: "cat" }] });
    expect((body as Page).events.map(({ content }) => content)).toEqual(["cat cat", "one cat"]);
    expect(body).toMatchObject({ cursor: null });
  });

  it.each<[string, unknown, number, string]>([
    ["no JSON", "{", 400, "invalid"],
    ["a list", [{}], 400, "invalid"],
    ["no filters", {}, 400, "invalid"],
    ["an empty list", { filters: [] }, 400, "invalid"],
    ["a filter that is none", { filters: [1] }, 400, "invalid"],
    ["an unknown field", { filters: [{}], amount: 1 }, 400, "invalid"],
    ["an unknown field of a filter", { filters: [{ x: 1 }] }, 400, "unsupported"],
    ["too many filters", { filters: [{}, {}, {}, {}, {}, {}] }, 400, "error"],
    ["a limit of one filter of several", { filters: [{}, { limit: 1 }] }, 400, "invalid"],
    ["a limit below 0", { filters: [{}], limit: -1 }, 400, "invalid"],
    ["a limit that is a text", { filters: [{}], limit: "1" }, 400, "invalid"],
    ["a cursor that is a number", { filters: [{}], cursor: 1 }, 400, "invalid"],
    ["another cursor", { filters: [{}], cursor: "1" }, 400, "invalid"],
    ["another order", { filters: [{}], order: "up" }, 400, "invalid"],
    ["a search among others", { filters: [{ search: "a" }, {}] }, 400, "invalid"],
    ["private kinds alone", { filters: [{ kinds: [1059] }] }, 401, "auth-required"],
    ["a long body", { filters: [{ ids: Array(400).fill("a".repeat(64)) }] }, 413, "too-long"],
  ])("%s is refused with a sentence", async (_, body, status, code) => {
    expect(await post(body)).toMatchObject({
      status,
      body: { error: { code, message: expect.stringMatching(/\w+ \w+/) } },
    });
  });
});
