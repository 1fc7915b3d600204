import { naddrEncode, neventEncode, noteEncode, nprofileEncode, npubEncode } from "nostr-tools/nip19";
import { describe, expect, it } from "vitest";
import { cursorAfter, parseEventQuery } from "./event-query.ts";

const CONFIG = { DEFAULT_LIMIT: 50, MAX_LIMIT: 200 };
const A = "a".repeat(64);
const B = "b".repeat(64);

function parse(query: string) {
  return parseEventQuery(new URLSearchParams(query), CONFIG);
}

describe("event query", () => {
  it("without parameters asks for everything, as much as the default allows", () => {
    expect(parse("")).toEqual({ ok: true, query: { filter: { tags: [] }, limit: 50 } });
  });

  it.each([
    [`ids=${A}`, { ids: [A] }],
    [`authors=${A},${B}`, { authors: [A, B] }],
    [`authors=${A}&authors=${B}`, { authors: [A, B] }],
    ["kinds=1,0&kinds=30023", { kinds: [1, 0, 30_023] }],
    ["since=0&until=5", { since: 0, until: 5 }],
    ["until=18446744073709551615", { until: Number.MAX_SAFE_INTEGER }],
    [
      `tag.e=${A}&tag.p=${B}`,
      {
        tags: [
          { name: "e", values: [A] },
          { name: "p", values: [B] },
        ],
      },
    ],
    ["tag.t=a,b&tag.t=c", { tags: [{ name: "t", values: ["a", "b", "c"] }] }],
    [
      "tag.t=&tag.T=%E6%97%A5",
      {
        tags: [
          { name: "t", values: [""] },
          { name: "T", values: ["日"] },
        ],
      },
    ],
    ["search=a,b+%E6%97%A5&kinds=1", { search: "a,b 日", kinds: [1] }],
    ["tag.d=a%5C%2Cb", { tags: [{ name: "d", values: ["a,b"] }] }],
  ])("%s", (query, filter) => {
    expect(parse(query)).toEqual({ ok: true, query: { filter: { tags: [], ...filter }, limit: 50 } });
  });

  it.each([
    ["limit=0", 0],
    ["limit=7", 7],
    ["limit=201", 200],
    ["limit=1000000000", 200],
    ["limit=18446744073709551615", 200],
  ])("%s is answered with at most %i", (query, limit) => {
    expect(parse(query)).toMatchObject({ ok: true, query: { limit } });
  });

  it("a search is answered in one page, best match first: order says nothing, and nothing comes after it", () => {
    const query = { filter: { tags: [], search: "x" }, limit: 50 };
    expect(parse("search=x&order=asc")).toEqual({ ok: true, query });
    const nothing = { ...query, filter: { ...query.filter, ids: [] } };
    expect(parse(`search=x&cursor=1.${A}`)).toEqual({ ok: true, query: nothing });
    expect(parse("search=language:en&order=asc")).toMatchObject({ ok: true, query: { order: "asc" } });
  });

  it("takes what NIP-19 encodes for ids, keys and addresses, and leaves other text alone", () => {
    const naddr = naddrEncode({ kind: 30_023, pubkey: A, identifier: "x,y" });
    expect(parse(`ids=${noteEncode(A)},${neventEncode({ id: B })},${A}`)).toMatchObject({
      query: { filter: { ids: [A, B, A] } },
    });
    expect(parse(`authors=nostr:${npubEncode(A)},${nprofileEncode({ pubkey: B })}`)).toMatchObject({
      query: { filter: { authors: [A, B] } },
    });
    const tags = `tag.e=${noteEncode(A)}&tag.P=${npubEncode(B)}&tag.a=${naddr}&tag.d=${npubEncode(A)}`;
    expect(parse(tags)).toMatchObject({
      query: {
        filter: {
          tags: [
            { name: "e", values: [A] },
            { name: "P", values: [B] },
            { name: "a", values: [`30023:${A}:x,y`] },
            { name: "d", values: [npubEncode(A)] },
          ],
        },
      },
    });
    for (const wrong of [
      `ids=${npubEncode(A)}`,
      `authors=${noteEncode(A)}`,
      `authors=${npubEncode(A).slice(0, -1)}`,
    ])
      expect(parse(wrong)).toMatchObject({ ok: false, reason: expect.stringContaining("64 lower-case hex") });
  });

  it("keyword, order and cursor", () => {
    const after = { created_at: 17, id: A };
    const keyword = "日本 & 🦤";
    expect(parse(`keyword=${encodeURIComponent(keyword)}&order=asc&cursor=${cursorAfter(after)}`)).toEqual({
      ok: true,
      query: { filter: { tags: [] }, limit: 50, keyword, order: "asc", after },
    });
    expect(parse("order=desc")).toMatchObject({ query: { order: "desc" } });
  });

  it("a cursor needs no escaping in an address", () => {
    const cursor = cursorAfter({ created_at: 17, id: A });
    expect(encodeURIComponent(cursor)).toBe(cursor);
  });

  it.each([
    ["authors=abc", 'authors has "abc", expected 64 lower-case hex characters, npub1… or nprofile1…'],
    [`ids=${A.toUpperCase()}`, `ids has "${A.toUpperCase()}", expected`],
    ["ids=", 'ids has "", expected 64 lower-case hex characters, note1… or nevent1…'],
    [`ids=${A},`, 'ids has "", expected'],
    ["kinds=", 'kinds has "", expected an integer from 0 to 65535'],
    ["kinds=1,,2", 'kinds has "", expected'],
    ["kinds=1,x", 'kinds has "x", expected'],
    ["kinds=1.5", 'kinds has "1.5", expected'],
    ["kinds=65536", "kinds has 65536, expected"],
    ["tag.e=x", 'tag.e has "x", expected 64 lower-case hex characters, note1… or nevent1…'],
    ["tag.p=x", 'tag.p has "x", expected'],
    ["since=-1", 'since is "-1", expected an integer from 0 to 2^64 - 1'],
    ["until=tomorrow", 'until is "tomorrow", expected'],
    ["until=99999999999999999999", "until is 100000000000000000000, expected"],
    ["limit=", 'limit is "", expected'],
    ["limit=1e3", 'limit is "1e3", expected'],
    ["limit=1&limit=2", '"limit" is given 2 times'],
    ["since=1&since=1", '"since" is given 2 times'],
    ["keyword=", "keyword has 0 characters"],
    [`keyword=${"x".repeat(257)}`, "keyword has 257 characters"],
    ["order=up", 'order is "up", expected asc or desc'],
    ["order=", "expected asc or desc"],
    ["cursor=", "expected a cursor from an earlier answer"],
    [`cursor=1.${A}x`, "expected a cursor from an earlier answer"],
    [`cursor=-1.${A}`, "expected a cursor from an earlier answer"],
    [`cursor=9999999999999999.${A}`, "expected a cursor from an earlier answer"],
    [`cursor=1.${A.toUpperCase()}`, "expected a cursor from an earlier answer"],
    ["author=x", '"author" is not a parameter here'],
    ["tag.tt=x", '"tag.tt" is not a parameter here'],
    ["tag.=x", '"tag." is not a parameter here'],
    ["%23t=x", '"#t" is not a parameter here'],
    [`search=${"x".repeat(257)}`, "search must be text of at most 256 characters"],
    ["search=x&search=y", '"search" is given 2 times'],
    ["__proto__=x", '"__proto__" is not a parameter here'],
  ])("%s is refused", (query, reason) => {
    const parsed = parse(query);
    expect(parsed).toMatchObject({ ok: false, reason: expect.stringContaining(reason) });
  });

  it("a refusal quotes only the start of a long value", () => {
    for (const name of ["order", "authors", "kinds", "since"]) {
      const parsed = parse(`${name}=${"x".repeat(5000)}`);
      expect(parsed.ok ? "" : parsed.reason).toMatch(/^.{1,170}$/);
    }
  });
});
