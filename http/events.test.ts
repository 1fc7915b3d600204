import { finalizeEvent, generateSecretKey } from "nostr-tools/pure";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Event } from "../nostr/event.ts";
import { openHttpApi, type HttpApi } from "../tests/fixtures/http-api.ts";
import { aFilter, anEvent, seeded } from "../tests/reference/generators.ts";
import { inOrder, matches, survivors, type WireFilter } from "../tests/reference/matcher.ts";

interface Page {
  events: Event[];
  cursor: string | null;
}

const SECRET = generateSecretKey();
let api: HttpApi;
beforeEach(() => {
  api = openHttpApi({ MAX_LIMIT: "20", DEFAULT_LIMIT: "10", MAX_MESSAGE_LENGTH: "2000" });
});
afterEach(() => api.close());

function signed(content: string, fields: Partial<Pick<Event, "created_at" | "kind" | "tags">> = {}): Event {
  const { id, pubkey, created_at, kind, tags, sig } = finalizeEvent(
    { kind: 1, created_at: Math.floor(Date.now() / 1000), tags: [], ...fields, content },
    SECRET,
  );
  return { id, pubkey, created_at, kind, tags, content, sig };
}

async function query(parameters: string): Promise<Page> {
  const response = await api.request(`/api/v1/events?${parameters}`);
  expect(response.status).toBe(200);
  expect(response.headers.get("content-type")).toMatch(/^application\/json/);
  return (await response.json()) as Page;
}

async function idsOf(parameters: string): Promise<string[]> {
  return (await query(parameters)).events.map(({ id }) => id);
}

/** Returns a filter as query parameters. */
function parametersOf(filter: WireFilter): URLSearchParams {
  const parameters = new URLSearchParams();
  for (const [field, value] of Object.entries(filter)) {
    const name = field.startsWith("#") ? `tag.${field.slice(1)}` : field;
    if (!Array.isArray(value)) parameters.set(name, String(value));
    else for (const item of value) parameters.append(name, String(item).replace(/[\\,]/g, String.raw`\$&`));
  }
  return parameters;
}

describe("GET /api/v1/events", () => {
  it("of an empty relay", async () => {
    expect(await query("")).toEqual({ events: [], cursor: null });
  });

  it("gives whole events, newest first, ties by lowest id", async () => {
    const events = Array.from({ length: 8 }, (_, n) =>
      signed(`${n} "quoted" \u0000 日本`, { created_at: 100 + (n >> 2) }),
    );
    await api.store.commit(events);
    expect((await query("")).events).toEqual(inOrder(events));
  });

  it("agrees with the reference matcher for generated filters", async () => {
    const random = seeded(7);
    const sent = Array.from({ length: 150 }, () => anEvent(random)).filter(({ kind }) => kind !== 20_001);
    await api.store.commit(sent);
    const stored = survivors(sent);
    let found = 0;
    for (let n = 0; n < 300; n += 1) {
      const filter = aFilter(random, sent);
      // Query parameters cannot express an empty list.
      if (Object.values(filter).some((value) => Array.isArray(value) && value.length === 0)) continue;
      const expected = inOrder(stored.filter((event) => matches(filter, event))).map(({ id }) => id);
      found += expected.length;
      const limit = Math.min(filter.limit ?? 10, 20);
      expect(await idsOf(parametersOf(filter).toString()), JSON.stringify(filter)).toEqual(
        expected.slice(0, limit),
      );
    }
    expect(found).toBeGreaterThan(300);
  });

  it("keyword: the content contains it, in any script, with no wildcards", async () => {
    const contents = ["Hello world", "日本語のテキスト", "100% sure_thing", "nul\u0000nul", "🦤🦤", "شكرا"];
    const events = contents.map((content, n) => signed(content, { created_at: 100 + n }));
    await api.store.commit(events);
    const search = async (keyword: string) =>
      (await query(new URLSearchParams({ keyword }).toString())).events.map(({ content }) => content);
    expect(await search("ello w")).toEqual(["Hello world"]);
    expect(await search("本語")).toEqual(["日本語のテキスト"]);
    expect(await search("%")).toEqual(["100% sure_thing"]);
    expect(await search("e_t")).toEqual(["100% sure_thing"]);
    expect(await search("_")).toEqual(["100% sure_thing"]);
    expect(await search("\u0000")).toEqual(["nul\u0000nul"]);
    expect(await search("🦤")).toEqual(["🦤🦤"]);
    expect(await search("شك")).toEqual(["شكرا"]);
    expect(await search("absent")).toEqual([]);
  });

  it("[35] search: the best match first, in one page", async () => {
    const texts = ["one cat among many other animals", "cat cat cat", "東京の猫", "cat and dog", "dog"];
    await api.store.commit(texts.map((content, n) => signed(content, { created_at: 100 + n })));
    const search = async (parameters: string) => {
      const { events, cursor } = await query(parameters);
      return [events.map(({ content }) => content), cursor];
    };
    expect(await search("search=CAT")).toEqual([[texts[1], texts[3], texts[0]], null]);
    expect(await search("search=cat&limit=1")).toEqual([[texts[1]], null]);
    expect(await search("search=cat&until=102&keyword=other")).toEqual([[texts[0]], null]);
    expect(await search(`search=${encodeURIComponent("猫")}`)).toEqual([[texts[2]], null]);
    expect(await search("search=*")).toEqual([[], null]);
    expect(await search("search=language:en&limit=2")).toEqual([[texts[4], texts[3]], expect.any(String)]);
  });

  it.each([
    ["limit=0", 0],
    ["limit=3", 3],
    ["", 10],
    ["limit=1000000000", 20],
  ])("%j is answered with %i events", async (parameters, length) => {
    await api.store.commit(Array.from({ length: 25 }, (_, n) => signed(String(n))));
    expect(await idsOf(parameters)).toHaveLength(length);
  });

  it.each(["desc", "asc"])("cursors visit every event exactly once, ties too (%s)", async (order) => {
    const events = Array.from({ length: 61 }, (_, n) =>
      signed(String(n), { created_at: 100 + Math.floor(n / 13) }),
    );
    await api.store.commit(events);
    const expected = inOrder(events).map(({ id }) => id);
    if (order === "asc") expected.reverse();
    for (const limit of [1, 7, 20, 61]) {
      const visited: string[] = [];
      let next = "";
      do {
        const page: Page = await query(`order=${order}&limit=${limit}&${next}`);
        visited.push(...page.events.map(({ id }) => id));
        next = page.cursor === null ? "" : `cursor=${page.cursor}`;
      } while (next !== "");
      expect(visited).toEqual(expected);
    }
  });

  it("the cursor is null when the last event has been given, also when it fills the page", async () => {
    await api.store.commit([signed("1"), signed("2")]);
    expect((await query("limit=2")).cursor).toBeNull();
    expect((await query("limit=1")).cursor).not.toBeNull();
  });

  it("a walk is not disturbed by what arrives meanwhile, nor by the cursor's event being gone", async () => {
    const events = [5, 4, 3, 2, 1].map((created_at) => signed("", { created_at }));
    await api.store.commit(events);
    const first = await query("limit=2");
    await api.store.commit([signed("newer", { created_at: 9 })]);
    const second = await query(`limit=9&cursor=${first.cursor}`);
    expect([...first.events, ...second.events]).toEqual(events);
    const nowhere = `4.${"f".repeat(64)}`;
    expect((await query(`cursor=${nowhere}`)).events).toEqual(events.slice(2));
  });

  it.each(["authors=abc", "nonsense=1", "limit=-1", "order=up", "cursor=x", "kinds=1&kinds=x"])(
    "%s is refused with a sentence",
    async (parameters) => {
      const response = await api.request(`/api/v1/events?${parameters}`);
      expect(response.status).toBe(400);
      expect(await response.json()).toEqual({
        error: { code: "invalid", message: expect.stringMatching(/\w+ \w+/) },
      });
    },
  );
});

describe("GET /api/v1/events/{id}", () => {
  it("gives the event", async () => {
    const event = signed("hello");
    await api.store.commit([event]);
    const response = await api.request(`/api/v1/events/${event.id}`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual(event);
  });

  it.each([
    ["f".repeat(64), 404, "not-found"],
    ["F".repeat(64), 400, "invalid"],
    ["abc", 400, "invalid"],
    ["%00", 400, "invalid"],
  ])("%s", async (id, status, code) => {
    const response = await api.request(`/api/v1/events/${id}`);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code } });
  });
});

describe("POST /api/v1/events", () => {
  async function post(body: BodyInit, headers: Record<string, string> = {}) {
    // Node requires `duplex` for a streamed body.
    const init = { method: "POST", body, headers, duplex: "half" };
    const response = await api.request("/api/v1/events", init);
    return { status: response.status, body: (await response.json()) as object };
  }

  it("stores an event, tells those who listen, and knows it the second time", async () => {
    const event = signed("hello");
    expect(await post(JSON.stringify(event))).toEqual({
      status: 201,
      body: { id: event.id, outcome: "stored", message: "" },
    });
    expect((await query("")).events).toEqual([event]);
    expect(api.published).toHaveLength(1);
    expect(await post(JSON.stringify(event))).toMatchObject({
      status: 200,
      body: { id: event.id, outcome: "duplicate", message: expect.stringMatching(/^duplicate: /) },
    });
    expect(api.published).toHaveLength(1);
  });

  it("an older version of a replaceable event is superseded", async () => {
    await post(JSON.stringify(signed("new", { kind: 0, created_at: 200 })));
    const older = signed("old", { kind: 0, created_at: 100 });
    expect(await post(JSON.stringify(older))).toMatchObject({ status: 200, body: { outcome: "superseded" } });
  });

  it("an ephemeral event is passed on, and not stored", async () => {
    const event = signed("now", { kind: 20_001 });
    expect(await post(JSON.stringify(event))).toMatchObject({ status: 200, body: { outcome: "passed-on" } });
    expect(api.published).toHaveLength(1);
    expect(await idsOf("")).toEqual([]);
  });

  it("fields that are no part of an event are not kept", async () => {
    const event = signed("hello");
    await post(JSON.stringify({ ...event, extra: 1 }));
    expect((await query("")).events).toEqual([event]);
  });

  it.each<[string, (event: Event) => unknown]>([
    ["nothing", () => null],
    ["a list", (event) => [event]],
    ["another id", (event) => ({ ...event, id: "a".repeat(64) })],
    ["upper-case hex", (event) => ({ ...event, id: event.id.toUpperCase() })],
    ["a forged signature", (event) => ({ ...event, sig: "0".repeat(128) })],
    ["changed content", (event) => ({ ...event, content: "forged" })],
    ["a kind out of range", (event) => ({ ...event, kind: 70_000 })],
  ])("%s is refused", async (_name, spoil) => {
    expect(await post(JSON.stringify(spoil(signed("hello"))))).toEqual({
      status: 400,
      body: { error: { code: "invalid", message: expect.stringMatching(/\w+ \w+/) } },
    });
    expect(await idsOf("")).toEqual([]);
  });

  it.each<[string, BodyInit]>([
    ["not JSON", "{"],
    ["empty", ""],
    ["not UTF-8", new Uint8Array([0x22, 0xff, 0x22])],
    ["1,000 levels deep, and no event", `${"[".repeat(1000)}${"]".repeat(1000)}`],
  ])("a body that is %s is refused", async (_name, body) => {
    expect(await post(body)).toMatchObject({ status: 400, body: { error: { code: "invalid" } } });
  });

  it("a body of the longest length is read, one byte more is not", async () => {
    expect(await post('"'.padEnd(1999, "x") + '"')).toMatchObject({
      status: 400,
      body: { error: { code: "invalid" } },
    });
    expect(await post('"'.padEnd(2000, "x") + '"')).toMatchObject({
      status: 413,
      body: { error: { code: "too-long" } },
    });
  });

  it("length is counted in bytes", async () => {
    expect(await post(`"${"日".repeat(700)}"`)).toMatchObject({ status: 413 });
  });

  it("a body without end is not read to its end", async () => {
    let chunks = 0;
    let cancelled = false;
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        chunks += 1;
        controller.enqueue(new Uint8Array(500).fill(0x20));
      },
      cancel: () => {
        cancelled = true;
      },
    });
    expect(await post(endless)).toMatchObject({ status: 413, body: { error: { code: "too-long" } } });
    expect(chunks).toBeLessThan(20);
    expect(cancelled).toBe(true);
  });

  it("storage that fails is no refusal", async () => {
    api.close();
    expect(await post(JSON.stringify(signed("hello")))).toMatchObject({
      status: 503,
      body: { error: { code: "unavailable" } },
    });
    expect(api.reported).toHaveLength(1);
    api = openHttpApi();
  });
});
