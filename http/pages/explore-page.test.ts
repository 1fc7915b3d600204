/** Explore, as the server renders it: what is found, pages in both directions, and what a form without scripts sends. */
import { npubEncode } from "nostr-tools/nip19";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type HttpApi, openHttpApi } from "../../tests/fixtures/http-api.ts";
import { AUTHORS, signedEvent } from "../../tests/fixtures/signed-events.ts";

const [ALICE, BOB] = AUTHORS as [string, string, ...string[]];
const START = 1_700_000_000;
const NUMBER = 57;

let api: HttpApi;
beforeEach(async () => {
  api = openHttpApi();
  await api.store.commit([
    ...Array.from({ length: NUMBER }, (_, at) =>
      // Two in each second: a page may end between them.
      signedEvent({ created_at: START + Math.floor(at / 2), content: `number ${at} of them` }),
    ),
    signedEvent({ kind: 0, pubkey: BOB, content: '{"name":"Bob of the bridge"}' }),
    signedEvent({
      kind: 1,
      pubkey: BOB,
      content: "by Bob",
      tags: [["t", "bridge"]],
      created_at: START + 1000,
    }),
  ]);
});
afterEach(() => api.close());

async function open(path: string): Promise<{ status: number; html: string; location: string | null }> {
  const response = await api.request(path, { headers: { accept: "text/html" } });
  return { status: response.status, html: await response.text(), location: response.headers.get("location") };
}

function numbersIn(html: string): number[] {
  return [...html.matchAll(/number (\d+) of them/g)].map(([, number]) => Number(number));
}

function linkIn(html: string, relation: "next" | "prev"): string | undefined {
  const [, href] = new RegExp(`rel="${relation} nofollow" href="([^"]+)"`).exec(html) ?? [];
  return href?.replaceAll("&amp;", "&");
}

test("without parameters it shows the newest events, with names", async () => {
  const { status, html } = await open("/explore");
  expect(status).toBe(200);
  expect(html).toContain("by Bob");
  expect(html).toContain("Bob of the bridge");
  expect(html.match(/<article/g)).toHaveLength(20);
});

test.each([
  [`authors=${npubEncode(BOB)}&kinds=1`, "by Bob"],
  ["tag.t=bridge", "by Bob"],
  ["search=bob&kinds=1", "by Bob"],
  ["keyword=r%2011%20o", "number 11 of them"],
  [`since=${START + 999}`, "by Bob"],
])("%s finds what matches, and nothing else", async (query, text) => {
  const { html } = await open(`/explore?${query}`);
  expect(html).toContain(text);
  expect(html.match(/<article/g)).toHaveLength(1);
});

describe.each(["", "order=asc&"])("pages with %j", (order) => {
  test("show each event once, in both directions", async () => {
    const query = `/explore?authors=${ALICE}&${order}limit=20`;
    const pages: number[][] = [];
    let path: string | undefined = query;
    let last = "";
    while (path !== undefined) {
      const { html }: { html: string } = await open(path);
      pages.push(numbersIn(html));
      last = html;
      path = linkIn(html, "next");
    }
    expect(pages.map(({ length }) => length)).toEqual([20, 20, 17]);
    expect(new Set(pages.flat()).size).toBe(NUMBER);

    const back = await open(linkIn(last, "prev") ?? "");
    expect(numbersIn(back.html)).toEqual(pages[1]);
    const first = await open(linkIn(back.html, "prev") ?? "");
    expect(numbersIn(first.html)).toEqual(pages[0]);
    expect(linkIn(first.html, "prev")).toBeUndefined();
    expect(numbersIn((await open(linkIn(first.html, "next") ?? "")).html)).toEqual(pages[1]);
  });
});

test("what a form without scripts sends becomes the address of the HTTP API", async () => {
  const { status, location } = await open(
    "/explore?search=&authors=&kinds=1&kinds=7&kinds=&hashtags=%23river&tags=&since=2026-11-01&until=&order=desc&limit=50",
  );
  expect(status).toBe(302);
  expect(location).toBe("/explore?kinds=1%2C7&tag.t=river&since=1793491200&limit=50");
  expect((await open(location ?? "")).status).toBe(200);
});

test("the form shows what was asked", async () => {
  const { html } = await open(
    "/explore?kinds=1,20&tag.t=river&tag.d=x&since=1793491200&until=1793536200&order=asc",
  );
  expect(html).toMatch(/name="kinds" value="1" checked/);
  expect(html).toContain('value="#river"');
  expect(html).toContain('value="d=x"');
  expect(html).toContain('type="date" value="2026-11-01"');
  expect(html).toContain('type="datetime-local" value="2026-11-01T12:30:00"');
  expect(html).toMatch(/<option selected value="asc"/);
});

test.each([
  ["authors=npub1wrong", "authors has &quot;npub1wrong&quot;, expected 64 lower-case hex"],
  ["since=yesterday", "since is &quot;yesterday&quot;"],
  ["kind=1", "&quot;kind&quot; is not a parameter here"],
  ["back=nonsense", "cursor is &quot;nonsense&quot;"],
  ["limit=20&limit=50", "&quot;limit&quot; is given 2 times"],
])("%s is refused with the reason, not with an empty answer", async (query, reason) => {
  const { status, html } = await open(`/explore?${query}`);
  expect(status).toBe(400);
  expect(html).toContain(reason);
  expect(html).not.toContain("Nothing matches");
});

test("nothing that matches is said", async () => {
  const { status, html } = await open("/explore?tag.t=nowhere");
  expect(status).toBe(200);
  expect(html).toContain("Nothing matches");
});

test("a page never has more than 100 events", async () => {
  const { html } = await open("/explore?limit=5000");
  expect(html.match(/<article/g)).toHaveLength(NUMBER + 2);
});

test("where only authenticated people may read, it says so", async () => {
  const closed = openHttpApi({ READ_ACCESS: "auth" });
  const response = await closed.request("/explore");
  expect(response.status).toBe(401);
  expect(await response.text()).toContain("Only for those who sign in");
  closed.close();
});
