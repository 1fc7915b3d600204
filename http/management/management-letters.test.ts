import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createDeadLetters, type DeadLetters } from "../../store/letters/dead-letters.ts";
import type { Letter, LetterPage } from "../../store/letters/letter-list.ts";
import { PUBKEY } from "../../tests/fixtures/author.ts";
import { type HttpApi, openHttpApi } from "../../tests/fixtures/http-api.ts";
import { manage } from "../../tests/fixtures/management.ts";
import { migratedSqlite } from "../../tests/fixtures/sqlite.ts";

const [UP, OTHER] = ["wss://up.example", "wss://other.example"];
const NOW = 1_700_000_000;
const ANN = "a".repeat(64);

let api: HttpApi;
let letters: DeadLetters;
let announced: number;
beforeEach(() => {
  announced = 0;
  const db = migratedSqlite();
  letters = createDeadLetters(db);
  api = openHttpApi({ RELAY_ADMINS: PUBKEY }, db, async () => {
    announced += 1;
    return [];
  });
});
afterEach(() => api.close());

const call = (method: string, ...params: unknown[]) => manage(api, method, ...params);
const listed = async (...params: unknown[]) =>
  (await call("listdeadletters", ...params)).result as LetterPage;
const ids = async (...params: unknown[]) => (await listed(...params)).letters.map(({ id }) => id);
const marked = async () => (await letters.marked(100)).map(({ id }) => id);

function eventOf(n: number, content = "") {
  const id = n.toString(16).padStart(64, "0");
  const sig = "0".repeat(128);
  return { id, pubkey: ANN, created_at: NOW, kind: 4, tags: [], content: `secret${content}`, sig };
}

/** Adds letters 1 and 3 of one upstream, 2 of another. The event of 3 is not kept. */
async function addThree(): Promise<void> {
  for (const [n, upstream] of [
    [1, UP],
    [2, OTHER],
    [3, UP],
  ] as const) {
    const event = eventOf(n, n === 3 ? "x".repeat(130_000) : "");
    await letters.add([{ upstream, reason: `error: ${n}`, event, attempts: n }], NOW + n);
  }
}

it("lists letters without their events, the latest first, in pages and by upstream", async () => {
  expect(await listed()).toEqual({ letters: [], total: 0, dropped: 0 });
  await addThree();
  const { letters: all, total } = await listed();
  expect(total).toBe(3);
  expect(all[1]).toEqual({
    id: 2,
    upstream: OTHER,
    event: eventOf(2).id,
    pubkey: ANN,
    reason: "error: 2",
    at: NOW + 2,
    attempts: 2,
    bytes: JSON.stringify(eventOf(2)).length,
    isKept: true,
    redrive: null,
  });
  expect(all.map(({ id, isKept }) => [id, isKept])).toEqual([
    [3, false],
    [2, true],
    [1, true],
  ]);
  expect(JSON.stringify(all)).not.toContain("secret");
  expect(await ids(2)).toEqual([3, 2]);
  expect(await ids(2, null, 2)).toEqual([1]);
  expect(await ids(100, UP)).toEqual([3, 1]);
  expect(await ids(100, `${UP}/`, 3)).toEqual([1]);
  expect(await ids(100, "wss://unknown.example")).toEqual([]);
});

it("shows one letter with its event", async () => {
  await addThree();
  const [head] = (await listed(1, OTHER)).letters;
  expect((await call("showdeadletter", 2)).result).toEqual({ ...head, body: eventOf(2) });
  expect((await call("showdeadletter", "3")).result as Letter).toMatchObject({ isKept: false, body: null });
  expect((await call("showdeadletter", 9)).error).toBe(
    "there is no dead letter 9: listdeadletters lists them",
  );
});

describe.each<[string, unknown, number[]]>([
  ["all", "all", [1, 2]],
  ["those of an upstream", UP, [1]],
  ["an id", 2, [2]],
  ["ids in a list", [1, 2, 9], [1, 2]],
  ["ids in a text", "1,2", [1, 2]],
])("chosen by %s", (_, which, kept) => {
  it("letters are marked, those whose event is kept", async () => {
    await addThree();
    const { result, message } = await call("redrivedeadletters", which);
    expect(result).toBe(true);
    expect(message).toMatch(/^\d dead letters? will be tried again within about a minute/);
    expect(await marked()).toEqual(kept);
    expect((await listed()).letters.filter(({ redrive }) => redrive !== null).map(({ id }) => id)).toEqual(
      kept.toReversed(),
    );
    expect(announced).toBe(0);
  });

  it("letters are removed", async () => {
    await addThree();
    expect((await call("purgedeadletters", which)).result).toBe(true);
    for (const id of kept) expect(await ids()).not.toContain(id);
    expect(await api.moderation.auditLog(1)).toMatchObject([
      { method: "purgedeadletters", params: [which], outcome: "done" },
    ]);
    expect(await letters.totals()).toMatchObject({ letters: (await ids()).length, dropped: 0 });
  });
});

it("says how many there are, and which cannot be tried again", async () => {
  await addThree();
  const without = "1 dead letter without the event, which was too large to keep";
  expect((await call("redrivedeadletters", UP)).message).toBe(
    `1 dead letter will be tried again within about a minute; there are ${without}`,
  );
  expect((await call("redrivedeadletters", 3)).error).toBe(`${without}: only a pull can bring it again`);
  for (const method of ["redrivedeadletters", "purgedeadletters"]) {
    expect((await call(method, [7, 8])).error).toBe(
      "there are no such dead letters: listdeadletters lists them",
    );
  }
  expect((await call("purgedeadletters", "all")).message).toBe("3 dead letters removed");
});

it.each([
  [""],
  [[]],
  [0],
  ["1,x"],
  [{}],
  ["every"],
  [Array.from({ length: 1001 }, (_, n) => n + 1)],
  [[1.5]],
])("refuses a choice that is none: %j", async (which) => {
  await addThree();
  expect((await call("purgedeadletters", which)).error).toMatch(/^invalid: letters is /);
  expect(await ids()).toHaveLength(3);
});

it("is for admins only", async () => {
  await addThree();
  const stranger = openHttpApi({ RELAY_ADMINS: "b".repeat(64) });
  expect(await manage(stranger, "listdeadletters")).toMatchObject({
    status: 403,
    error: expect.stringMatching(/^restricted: /),
  });
  stranger.close();
});
