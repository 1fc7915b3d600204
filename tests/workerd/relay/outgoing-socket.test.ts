/** Upstreams as the aggregator reaches them, with real WebSockets of the runtime: the relay itself plays the upstream. */
import { exports } from "cloudflare:workers";
import { afterEach, expect, it, vi } from "vitest";
import { converse } from "../../../aggregator/upstream.ts";
import { CONNECT_MILLISECONDS, connectWebSocket } from "../../../platforms/outgoing-socket.ts";

const URL = "ws://upstream.test/";

function answerWith(answer: (request: Request) => Promise<Response>): void {
  vi.spyOn(globalThis, "fetch").mockImplementation((url, init) =>
    answer(new Request(url as string, init as RequestInit)),
  );
}
afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

it("a connection lives for longer than it may take to be opened", { timeout: 60_000 }, async () => {
  answerWith((request) => exports.default.fetch(request));
  const upstream = converse(await connectWebSocket(URL));
  await scheduler.wait(CONNECT_MILLISECONDS + 1000);
  expect(await upstream.ask({ since: 0, limit: 1 })).toMatchObject({ events: [] });
  upstream.close();
});

it("a connection that does not open is given up", async () => {
  vi.useFakeTimers();
  answerWith(
    ({ signal }) =>
      new Promise((_, fail) => signal.addEventListener("abort", () => fail(signal.reason as Error))),
  );
  const problem = connectWebSocket(URL).catch(String);
  await vi.advanceTimersByTimeAsync(CONNECT_MILLISECONDS);
  expect(await problem).toContain("within 10 s");
});
