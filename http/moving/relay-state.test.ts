/** `GET /api/v1/export?of=state`, and its lines in `POST /api/v1/import`. */
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { parseMovedCursor } from "../../store/upstreams/moved-cursor.ts";
import type { Cursor } from "../../store/upstreams/upstream-cursor.ts";
import { keyOfFilter } from "../../store/upstreams/upstream-settings.ts";
import { PUBKEY, SECRET_HEX, signed } from "../../tests/fixtures/author.ts";
import { type HttpApi, openHttpApi } from "../../tests/fixtures/http-api.ts";
import { manage, signedRequest } from "../../tests/fixtures/management.ts";
import { AUTHORS, secretOf, signedEvent } from "../../tests/fixtures/signed-events.ts";
import { MOST_STATE_LINES } from "./import.ts";
import type { StateLine } from "./relay-state.ts";

const EXPORT = "http://relay.test/api/v1/export";
const IMPORT = "http://relay.test/api/v1/import";
const SETTINGS = {
  RELAY_ADMINS: PUBKEY,
  UPSTREAMS: "wss://listed.test",
  METRICS_TOKEN: "m3trics-of-the-old-home",
};
const [ONE, TWO, THREE] = AUTHORS as [string, string, string];
const NOW = Math.floor(Date.now() / 1000);
const DAY = 86_400;
const STRANGER = secretOf(AUTHORS[1] ?? "");

let api: HttpApi;
let other: HttpApi;
let told: number;
beforeEach(() => {
  told = 0;
  api = openHttpApi({ ...SETTINGS, RELAY_SECRET_KEY: SECRET_HEX });
  other = openHttpApi({ RELAY_ADMINS: PUBKEY }, undefined, async () => {
    told += 1;
    return [];
  });
});
afterEach(() => {
  api.close();
  other.close();
});

const kinds = keyOfFilter({ kinds: [1] });
const slice = { sum: "ab".repeat(32), held: 5, here: 4 };
const CURSOR: Cursor = {
  version: 2,
  filters: {
    [kinds]: {
      pulledTo: NOW - 60,
      sweptAt: 0,
      pending: [{ since: 5, until: 9 }, { since: 1 }],
      lost: [{ since: 100, until: 200, reason: "it does not send them" }],
      slices: { floor: 0, at: NOW - 60, slices: [{ since: 10, until: NOW - 9 * DAY, ...slice }] },
    },
  },
};

const stateOf = async (from: HttpApi): Promise<StateLine[]> => {
  const response = await from.fetch(signedRequest(`${EXPORT}?of=state`, { method: "GET" }));
  expect(response.status).toBe(200);
  return linesIn(await response.text()) as StateLine[];
};
const linesIn = (text: string) =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as unknown);

async function imported(into: HttpApi, values: unknown[], secret?: Uint8Array) {
  const body = values.map((value) => `${JSON.stringify(value)}\n`).join("");
  const response = await into.fetch(signedRequest(IMPORT, { method: "POST", body }, secret));
  return { status: response.status, answers: linesIn(await response.text()) };
}

async function restoreAll(into: HttpApi, lines: StateLine[]): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (let at = 0; at < lines.length; at += MOST_STATE_LINES)
    answers.push(...(await imported(into, lines.slice(at, at + MOST_STATE_LINES))).answers);
  return answers;
}

async function decideMuch(on: HttpApi): Promise<void> {
  const calls: [string, ...unknown[]][] = [
    ["createrole", "gardener", "Gardener", "looks after", 120, 2],
    ["assignrole", ONE, "gardener"],
    ["allowpubkey", ONE, "a friend"],
    ["allowpubkey", TWO, "was a friend"],
    ["banpubkey", TWO, "spam"],
    ["allowevent", "1".repeat(64), "fine"],
    ["banevent", "2".repeat(64), "not fine"],
    ["allowkind", 1],
    ["allowkind", 7],
    ["disallowkind", 30_023, "too long"],
    ["blockip", "203.0.113.0/24", "a flood"],
    ["changerelayname", "The old home"],
    ["changereadaccess", "auth"],
    ["addupstream", "wss://up.test", { filters: [{ kinds: [1] }], interval: 600 }],
    ["addupstream", "wss://paused.test", { direction: "both" }],
    ["pauseupstream", "wss://paused.test"],
    ["changeupstream", "wss://listed.test", { history: "all" }],
    ["addoutbox", THREE],
  ];
  for (const [method, ...params] of calls)
    expect(await manage(on, method, ...params)).toMatchObject({ result: true });
  const entry = { at: NOW, pubkey: PUBKEY, method: "test", params: [], outcome: "done" };
  await on.moderation.change([{ do: "restore-cursor", url: "wss://up.test", cursor: CURSOR }], entry);
}

const ok = { id: null, ok: true, reason: "" };

describe("the state of a relay", () => {
  it("is the same in another one, if it is restored there once or twice", async () => {
    await decideMuch(api);
    const lines = await stateOf(api);
    expect(lines).toHaveLength(17);
    expect(lines.find(([name, line]) => name === "UPSTREAM" && line.url === "wss://up.test")).toEqual([
      "UPSTREAM",
      {
        url: "wss://up.test",
        origin: "operator",
        isPaused: false,
        settings: { version: 1, direction: "in", filters: [{ kinds: [1] }], interval: 600, live: false },
        cursor: CURSOR,
      },
    ]);
    for (let n = 1; n <= 2; n += 1) {
      expect(await restoreAll(other, lines)).toEqual(lines.map(() => ok));
      const restored = await stateOf(other);
      expect(restored).toHaveLength(lines.length);
      expect(restored).toEqual(expect.arrayContaining(lines));
      expect(told).toBe(n);
    }
    expect((await manage(other, "listbannedpubkeys")).result).toEqual([{ pubkey: TWO, reason: "spam" }]);
    const { result } = await manage(other, "listupstreams");
    expect(result).toEqual(
      expect.arrayContaining([expect.objectContaining({ url: "wss://paused.test", state: "paused" })]),
    );
    const audited = await other.moderation.auditLog(100);
    expect(audited).toHaveLength(2 * lines.length);
    expect(audited.at(-1)).toEqual({
      at: expect.any(Number),
      pubkey: PUBKEY,
      method: "createrole",
      params: ["gardener", "Gardener", "looks after", 120, 2],
      outcome: "done",
    });
  });

  it("comes with events in one request, and holds only after them", async () => {
    await manage(api, "banpubkey", ONE, "spam");
    const [ban] = await stateOf(api);
    const [first, second] = [signedEvent({ pubkey: ONE }), signed("mine")];
    const { answers } = await imported(other, [ban, first, second]);
    expect(answers).toEqual([ok, { ...ok, id: first.id }, { ...ok, id: second.id }]);
    await other.moderation.removeEventsOf(ONE, async () => undefined);
    const { answers: later } = await imported(other, [{ ...first }]);
    expect(later).toEqual([{ id: first.id, ok: false, reason: expect.stringMatching(/^blocked:/) }]);
  });

  it("has no secret, and of a deployment nothing but its upstreams", async () => {
    await decideMuch(api);
    const text = JSON.stringify(await stateOf(api));
    for (const secret of [SECRET_HEX, "m3trics-of-the-old-home"]) expect(text).not.toContain(secret);
    expect(text).toContain("wss://listed.test");
  });

  it("keeps what the new home has chosen for its own upstreams, but for what moves", async () => {
    await decideMuch(api);
    const line = (await stateOf(api)).find((line) => JSON.stringify(line).includes("wss://up.test"));
    await manage(other, "addupstream", "wss://up.test", { rate: 5 });
    expect((await imported(other, [line])).answers).toEqual([ok]);
    const { found } = await other.moderation.upstream("wss://up.test");
    expect(found).toMatchObject({ origin: "operator", cursor: CURSOR, settings: { interval: 600 } });
    expect(found?.settings).not.toHaveProperty("rate");
  });

  it("is asked for and restored only by admins: a role gives no rights", async () => {
    await manage(api, "createrole", "admin", "Admin");
    await manage(api, "assignrole", TWO, "admin");
    const lines = await stateOf(api);
    expect((await api.fetch(signedRequest(`${EXPORT}?of=state`, { method: "GET" }, STRANGER))).status).toBe(
      403,
    );
    expect((await imported(api, lines, STRANGER)).status).toBe(403);
    expect((await api.request("/api/v1/export?of=state")).status).toBe(401);
  });

  it.each(["of=events", "of=state&after=1", "of=state&of=state"])("export?%s is refused", async (query) => {
    expect((await api.fetch(signedRequest(`${EXPORT}?${query}`, { method: "GET" }))).status).toBe(400);
  });
});

const upstream = (changed: object) => [
  "UPSTREAM",
  { url: "wss://up.test", origin: "operator", isPaused: false, settings: {}, cursor: CURSOR, ...changed },
];
const filterCursor = (changed: object) =>
  upstream({ cursor: { version: 2, filters: { [kinds]: { pending: [], ...changed } } } });
const decision = (method: unknown, ...params: unknown[]) => ["DECISION", { method, params }];

const REFUSED: [line: unknown, reason: string][] = [
  [["DECISION"], "invalid: an event must be a JSON object"],
  [["OTHER", {}], "invalid: an event must be a JSON object"],
  [["DECISION", 7], "invalid: a call is an object with method, a text, and params, a list"],
  [decision("nope"), 'invalid: there is no method "nope"'],
  [decision("banpubkey", "x"), 'invalid: pubkey is "x", expected'],
  [decision("removeupstream", "wss://up.test"), "invalid: calls of removeupstream are not restored"],
  [decision("testalert"), "invalid: calls of testalert are not restored"],
  [decision("banpubkey", PUBKEY), `restricted: ${PUBKEY} is an admin: remove it from RELAY_ADMINS first`],
  [decision("assignrole", ONE, "nobody"), 'restricted: there is no role "nobody"'],
  [["UPSTREAM", null], "invalid: the upstream is null, expected an object"],
  [upstream({ url: "http://up.test" }), 'invalid: upstream is "http://up.test", expected'],
  [upstream({ origin: "settings" }), 'invalid: origin is "settings", expected operator or outbox'],
  [upstream({ isPaused: 1 }), "invalid: isPaused is 1, expected true or false"],
  [upstream({ settings: undefined }), "invalid: the settings of the upstream are missing"],
  [upstream({ settings: { rate: -1 } }), "restricted: rate is -1, expected a number from 1 to 6000"],
  [upstream({ cursor: { version: 3 } }), "invalid: version of the cursor is 3, expected 2"],
  [upstream({ cursor: { version: 2, filters: { x: {} } } }), 'invalid: the cursor has no filter "x"'],
  [filterCursor({ pulledTo: "1" }), 'invalid: pulledTo is "1", expected a number from 0'],
  [filterCursor({ pending: [{ since: 9, until: 8 }] }), "invalid: until (8) of a range is before since (9)"],
  [filterCursor({ pending: 1 }), "invalid: pending is 1, expected a list of at most 1000"],
  [filterCursor({ lost: [{ since: 1, until: 2 }] }), "invalid: reason of a lost range is undefined"],
  [
    filterCursor({ slices: { floor: 0, slices: [{ since: 1, until: 2, held: 1, here: 1 }] } }),
    "invalid: sum of a slice",
  ],
  [
    filterCursor({
      slices: {
        floor: 0,
        slices: [
          { since: 5, until: 9, ...slice },
          { since: 8, until: 12, ...slice },
        ],
      },
    }),
    "invalid: the slices overlap, or are out of order",
  ],
];

describe("lines of a state that are not right", () => {
  it("each has its reason, changes nothing, and does not stop the others", async () => {
    const before = await stateOf(other);
    for (let at = 0; at < REFUSED.length; at += 10) {
      const some = REFUSED.slice(at, at + 10);
      const event = signed(`beside ${at}`);
      const { status, answers } = await imported(other, [...some.map(([line]) => line), event]);
      expect({ status, answers }).toEqual({
        status: 200,
        answers: [
          ...some.map(([, reason]) => ({ id: null, ok: false, reason: expect.stringContaining(reason) })),
          { ...ok, id: event.id },
        ],
      });
    }
    expect(await stateOf(other)).toEqual(before);
    expect(told).toBe(0);
  });

  it("more than a request may have are refused as a whole", async () => {
    const line = decision("allowkind", 1);
    expect(
      (
        await imported(
          other,
          Array.from({ length: MOST_STATE_LINES + 1 }, () => line),
        )
      ).status,
    ).toBe(413);
    expect(await stateOf(other)).toEqual([]);
  });

  it("are not restored twice with one signature, unlike events", async () => {
    const body = JSON.stringify(decision("allowkind", 1));
    const { headers } = signedRequest(IMPORT, { method: "POST", body });
    const send = async () =>
      (await other.fetch(new Request(IMPORT, { method: "POST", headers, body }))).status;
    expect([await send(), await send()]).toEqual([200, 401]);
  });

  it("say that the database does not take them", async () => {
    other.moderation.change = () => Promise.reject(new Error("gone"));
    const { answers } = await imported(other, [decision("allowkind", 1)]);
    expect(answers).toEqual([
      { id: null, ok: false, reason: "error: the relay cannot reach its database; try again" },
    ]);
    expect(other.reported).toHaveLength(1);
  });

  it("a cursor of any JSON is parsed or refused, and what is parsed is parsed the same again", () => {
    const numbers = fc.oneof(fc.integer({ min: -5, max: 2_000_000_000 }), fc.constant(1e300), fc.anything());
    const range = fc.record({ since: numbers, until: numbers, reason: fc.string() }, { requiredKeys: [] });
    const slices = fc.record({
      floor: numbers,
      slices: fc.array(
        fc.record({
          since: numbers,
          until: numbers,
          sum: fc.constant("0".repeat(64)),
          held: numbers,
          here: numbers,
        }),
      ),
    });
    const one = fc.record(
      { pulledTo: numbers, pending: fc.array(range), lost: fc.array(range), slices },
      { requiredKeys: ["pending"] },
    );
    const cursors = fc.oneof(
      fc.anything(),
      fc.record({
        version: fc.constant(2),
        filters: fc.dictionary(fc.oneof(fc.constant(kinds), fc.constant("{}"), fc.string()), one),
      }),
    );
    fc.assert(
      fc.property(cursors, (cursor) => {
        const parsed = parseMovedCursor(cursor, NOW);
        const again = parsed.ok ? parseMovedCursor(JSON.parse(JSON.stringify(parsed.value)), NOW) : parsed;
        expect(again).toEqual(parsed);
      }),
      { numRuns: 500 },
    );
  });

  it("what was pulled or compared in the last days is asked for again", () => {
    const recent = { since: NOW - DAY, until: NOW, ...slice };
    const old = { since: 0, until: NOW - 9 * DAY, ...slice };
    const given = {
      pulledTo: NOW + DAY,
      sweptAt: NOW,
      lookedBackAt: NOW,
      triedAt: NOW,
      pending: [],
      slices: { floor: 0, slices: [old, recent], rules: "x" },
    };
    expect(parseMovedCursor({ version: 2, filters: { "{}": given } }, NOW)).toEqual({
      ok: true,
      value: {
        version: 2,
        filters: { "{}": { pulledTo: NOW, sweptAt: 0, pending: [], slices: { floor: 0, slices: [old] } } },
      },
    });
  });
});
