/** Reading the HTTP API from a page: what the relay says reaches the person in its own words. */
import { afterEach, expect, test, vi } from "vitest";
import { getCount, getEvents } from "./api.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

function answer(body: string, init: ResponseInit = {}): string[] {
  const paths: string[] = [];
  const fetch = async (path: string) => {
    paths.push(path);
    return new Response(body, init);
  };
  vi.stubGlobal("fetch", fetch);
  return paths;
}

const EVENT = {
  id: "1".repeat(64),
  pubkey: "2".repeat(64),
  created_at: 1_700_000_000,
  kind: 1,
  tags: [],
  content: "hello",
  sig: "3".repeat(128),
};

test("a page of events", async () => {
  const paths = answer(JSON.stringify({ events: [EVENT], cursor: "1.a" }));
  expect(await getEvents(new URLSearchParams({ kinds: "1,6" }))).toEqual({ events: [EVENT], cursor: "1.a" });
  expect(paths).toEqual(["/api/v1/events?kinds=1%2C6"]);
});

test("a count, and whether it is an estimate", async () => {
  answer('{"count":120000,"approximate":true}');
  expect(await getCount(new URLSearchParams())).toEqual({ count: 120_000, approximate: true });
});

test("a refusal keeps its code, its message, and how long to wait", async () => {
  answer('{"error":{"code":"rate-limited","message":"too many requests; retry in 12 s"}}', {
    status: 429,
    headers: { "retry-after": "12" },
  });
  await expect(getEvents(new URLSearchParams())).rejects.toMatchObject({
    code: "rate-limited",
    message: "too many requests; retry in 12 s",
    retryAfter: 12,
  });
});

test.each([
  ["text that is not JSON", "<h1>Bad gateway</h1>", 502],
  ["another answer", '{"events":5}', 200],
  ["something else than an event", '{"events":[{"id":"x"}],"cursor":null}', 200],
  ["a number that is none", '{"count":"5"}', 200],
])("%s is not taken for an empty answer", async (_, body, status) => {
  answer(body, { status });
  await expect(getEvents(new URLSearchParams())).rejects.toMatchObject({ code: "unreadable" });
  answer(body, { status });
  await expect(getCount(new URLSearchParams())).rejects.toMatchObject({ code: "unreadable" });
});

test("a relay that cannot be reached is told apart from a person who cancels", async () => {
  vi.stubGlobal("fetch", () => Promise.reject(new TypeError("Failed to fetch")));
  await expect(getEvents(new URLSearchParams())).rejects.toMatchObject({ code: "unreachable" });
  await expect(getEvents(new URLSearchParams(), AbortSignal.abort())).rejects.toMatchObject({
    name: "AbortError",
  });
});
