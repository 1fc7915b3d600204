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
  ])("%s is answered with at most %i", (query, limit) => {
    expect(parse(query)).toMatchObject({ ok: true, query: { limit } });
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
    ["authors=abc", "authors must be"],
    [`ids=${A.toUpperCase()}`, "ids must be"],
    ["ids=", "ids must be"],
    [`ids=${A},`, "ids must be"],
    ["kinds=", "kinds must be"],
    ["kinds=1,x", "kinds must be"],
    ["kinds=1.5", "kinds must be"],
    ["kinds=65536", "kinds must be"],
    ["tag.e=x", "#e must be"],
    ["tag.p=x", "#p must be"],
    ["since=-1", "since must be"],
    ["until=tomorrow", "until must be"],
    ["until=99999999999999999999", "until must be"],
    ["limit=", "limit must be"],
    ["limit=1e3", "limit must be"],
    ["limit=1&limit=2", '"limit" is given 2 times'],
    ["since=1&since=1", '"since" is given 2 times'],
    ["keyword=", "keyword has 0 characters"],
    [`keyword=${"x".repeat(257)}`, "keyword has 257 characters"],
    ["order=up", 'order is "up", expected asc or desc'],
    ["order=", "expected asc or desc"],
    ["cursor=", "expected one that an earlier answer gave"],
    [`cursor=1.${A}x`, "expected one that an earlier answer gave"],
    [`cursor=-1.${A}`, "expected one that an earlier answer gave"],
    [`cursor=9999999999999999.${A}`, "expected one that an earlier answer gave"],
    [`cursor=1.${A.toUpperCase()}`, "expected one that an earlier answer gave"],
    ["author=x", '"author" is no parameter here'],
    ["tag.tt=x", '"tag.tt" is no parameter here'],
    ["tag.=x", '"tag." is no parameter here'],
    ["%23t=x", '"#t" is no parameter here'],
    [`search=${"x".repeat(257)}`, "search must be text of at most 256 characters"],
    ["search=x&search=y", '"search" is given 2 times'],
    ["search=x&order=desc", "search is answered in one page"],
    ["search=language:en&order=asc", "search is answered in one page"],
    [`search=x&cursor=1.${A}`, "search is answered in one page"],
    ["__proto__=x", '"__proto__" is no parameter here'],
  ])("%s is refused", (query, reason) => {
    const parsed = parse(query);
    expect(parsed).toMatchObject({ ok: false, reason: expect.stringContaining(reason) });
  });

  it("what it repeats of a wrong value is short", () => {
    const parsed = parse(`order=${"x".repeat(5000)}`);
    expect(parsed.ok ? "" : parsed.reason).toMatch(/^.{1,150}$/);
  });
});
