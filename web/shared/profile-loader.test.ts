/** Loading names: many people with one request, and never more than a page needs. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { SubscriptionHandlers } from "./relay-connection.ts";
import { ProfileLoader } from "./profile-loader.ts";

const key = (number: number) => number.toString(16).padStart(64, "0");
const profile = (pubkey: string, name: string, created_at = 1) => ({
  id: key(1),
  pubkey,
  created_at,
  kind: 0,
  tags: [],
  content: JSON.stringify({ name }),
  sig: "",
});

let requests: { authors: string[]; handlers: SubscriptionHandlers; close: () => void }[] = [];
const onChange = vi.fn<() => void>();
let loader: ProfileLoader;

beforeEach(() => {
  vi.useFakeTimers();
  requests = [];
  onChange.mockReset();
  loader = new ProfileLoader(
    {
      subscribe(filters, handlers) {
        const close = vi.fn<() => void>();
        requests.push({ authors: (filters[0] as { authors: string[] }).authors, handlers, close });
        return { close };
      },
    },
    onChange,
  );
});
afterEach(() => {
  vi.useRealTimers();
});

test("people who come within a moment share a request, and each is asked for once", () => {
  loader.want([key(1), key(2)]);
  loader.want([key(2), key(3)]);
  vi.runAllTimers();
  expect(requests.map(({ authors }) => authors)).toEqual([[key(1), key(2), key(3)]]);
  const [{ handlers, close }] = requests as [(typeof requests)[0]];
  handlers.onEvent(profile(key(1), "Alice"), 0);
  expect(onChange).not.toHaveBeenCalled();
  handlers.onStored?.();
  expect(close).toHaveBeenCalledOnce();
  expect(onChange).toHaveBeenCalledOnce();
  expect(loader.profiles.get(key(1))?.name).toBe("Alice");
  loader.want([key(1), key(2)]);
  vi.runAllTimers();
  expect(requests).toHaveLength(1);
});

test("the newest of several profiles counts", () => {
  loader.want([key(1)]);
  vi.runAllTimers();
  for (const [name, time] of [
    ["new", 5],
    ["old", 4],
  ] as const)
    requests[0]!.handlers.onEvent(profile(key(1), name, time), 0);
  requests[0]!.handlers.onStored?.();
  expect(loader.profiles.get(key(1))?.name).toBe("new");
});

test("one request at a time, of at most 100 people, and only for the latest 200", () => {
  loader.want([key(0)]);
  vi.runAllTimers();
  loader.want(Array.from({ length: 5000 }, (_, at) => key(at + 1)));
  vi.runAllTimers();
  expect(requests).toHaveLength(1);
  for (let at = 0; at < 5 && requests.length > at; at += 1) {
    requests[at]!.handlers.onStored?.();
    vi.runAllTimers();
  }
  expect(requests.map(({ authors }) => authors.length)).toEqual([1, 100, 100]);
  expect(requests[1]!.authors.at(-1)).toBe(key(5000));
});

test("a refusal leaves the names out, and others can still be asked for", () => {
  loader.want([key(1)]);
  vi.runAllTimers();
  requests[0]!.handlers.onClosed?.("rate-limited: too many requests");
  loader.want([key(2)]);
  vi.runAllTimers();
  expect(requests.map(({ authors }) => authors)).toEqual([[key(1)], [key(2)]]);
});

test("memory is bounded, however many people pass", () => {
  for (let round = 0; round < 60; round += 1) {
    loader.want(Array.from({ length: 100 }, (_, at) => key(100 * round + at)));
    vi.runAllTimers();
    const { authors, handlers } = requests.at(-1)!;
    for (const author of authors) handlers.onEvent(profile(author, "x"), 0);
    handlers.onStored?.();
  }
  expect(requests).toHaveLength(60);
  expect(loader.profiles.size).toBe(1000);
});
