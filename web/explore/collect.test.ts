/** Exports: all pages, bounded, patient with a relay that is busy. */
import { afterEach, expect, test, vi } from "vitest";
import { collect, exportText, MOST_COLLECTED } from "./collect.ts";

afterEach(() => {
  vi.unstubAllGlobals();
});

function eventOf(number: number, content = "") {
  const id = number.toString(16).padStart(64, "0");
  return { id, pubkey: id, created_at: number, kind: 1, tags: [], content, sig: "0".repeat(128) };
}

type Answer =
  | { events: object[]; cursor: string | null; unfinished?: string }
  | { status: number; wait?: number };

/** Plays the relay. Returns the queries that it has got. */
function relay(answer: (at: number) => Answer): URLSearchParams[] {
  const asked: URLSearchParams[] = [];
  vi.stubGlobal("fetch", async (path: string) => {
    const given = answer(asked.length);
    asked.push(new URLSearchParams(path.split("?")[1]));
    if (!("status" in given)) return Response.json(given);
    return Response.json(
      { error: { code: "rate-limited", message: "too many requests" } },
      {
        status: given.status,
        headers: given.wait === undefined ? {} : { "retry-after": String(given.wait) },
      },
    );
  });
  return asked;
}

function run(parameters = "kinds=1", controller = new AbortController()) {
  const progress: number[] = [];
  const waits: number[] = [];
  const collected = collect(new URLSearchParams(parameters), {
    signal: controller.signal,
    onProgress: (count) => progress.push(count),
    async wait(seconds) {
      waits.push(seconds);
    },
  });
  return { collected, progress, waits };
}

test("collects all pages, with the same conditions", async () => {
  const asked = relay((at) => ({
    events: [eventOf(2 * at), eventOf(2 * at + 1)],
    cursor: at < 2 ? `c${at}` : null,
  }));
  const { collected, progress } = run("kinds=1&tag.t=a&order=asc");
  expect((await collected).events.map(({ created_at }) => created_at)).toEqual([0, 1, 2, 3, 4, 5]);
  expect((await collected).cut).toBeUndefined();
  expect(progress).toEqual([2, 4, 6]);
  expect(asked.map((query) => query.get("cursor"))).toEqual([null, "c0", "c1"]);
  expect(asked.every((query) => query.get("tag.t") === "a" && query.get("order") === "asc")).toBe(true);
});

test("stops at the bound and says so", async () => {
  relay((at) => ({ events: Array.from({ length: 500 }, (_, n) => eventOf(500 * at + n)), cursor: "more" }));
  const { events, cut } = await run().collected;
  expect(events).toHaveLength(MOST_COLLECTED);
  expect(cut).toContain("10000");
});

test("stops before the events fill the memory", async () => {
  const long = "x".repeat(1_000_000);
  relay((at) => ({ events: [eventOf(2 * at, long), eventOf(2 * at + 1, long)], cursor: "more" }));
  const { events, cut } = await run().collected;
  expect(events.length).toBeLessThan(33);
  expect(cut).toContain("browser");
});

test("waits as long as the relay asks, and goes on where it was", async () => {
  const asked = relay((at) => {
    if (at === 1) return { status: 429, wait: 7 };
    return { events: [eventOf(at)], cursor: at === 0 ? "next" : null };
  });
  const { collected, waits } = run();
  expect((await collected).events).toHaveLength(2);
  expect(waits).toEqual([7]);
  expect(asked.map((query) => query.get("cursor"))).toEqual([null, "next", "next"]);
});

test.each([
  ["does not say when to come back", { status: 500 }],
  ["is always busy", { status: 429, wait: 1 }],
])("fails, rather than to return a part, if the relay %s", async (_, answer) => {
  const asked = relay((at) => (at === 0 ? { events: [eventOf(0)], cursor: "next" } : answer));
  await expect(run().collected).rejects.toMatchObject({ name: "ApiError" });
  expect(asked.length).toBeLessThan(10);
});

test("ends when the person cancels", async () => {
  const controller = new AbortController();
  relay(() => {
    controller.abort();
    return { events: [eventOf(0)], cursor: "next" };
  });
  vi.stubGlobal("fetch", async (_: string, { signal }: RequestInit) => {
    controller.abort();
    signal?.throwIfAborted();
    return Response.json({});
  });
  await expect(run("", controller).collected).rejects.toMatchObject({ name: "AbortError" });
});

test("says why a search is not whole", async () => {
  relay(() => ({ events: [eventOf(0)], cursor: null, unfinished: "error: it took too long" }));
  expect((await run().collected).cut).toBe("error: it took too long");
});

test("both forms can be read again", () => {
  const events = [eventOf(1, "a\nb"), eventOf(2, "日本")];
  expect(JSON.parse(exportText(events, "json"))).toEqual(events);
  const lines = exportText(events, "jsonl").trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(events);
  expect(JSON.parse(exportText([], "json"))).toEqual([]);
  expect(exportText([], "jsonl")).toBe("");
});
