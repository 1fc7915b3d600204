/** The sockets of the aggregator to upstreams, with real WebSockets. The relay itself plays the upstream. */
import { exports } from "cloudflare:workers";
import { afterEach, expect, it, vi } from "vitest";
import { converse } from "../../../aggregator/upstream.ts";
import {
  CONNECT_MILLISECONDS,
  connectWebSocket,
  fetchAnnounced,
} from "../../../aggregator/outgoing-socket.ts";

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
  expect(await upstream.ask({ since: 0, until: 9, limit: 1 })).toMatchObject({ events: [] });
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

it("a connection that fails says that there was none", async () => {
  answerWith(() => Promise.reject(new Error("Network connection lost.")));
  await expect(connectWebSocket(URL)).rejects.toThrow(/^cannot connect: Network connection lost$/);
});

it("an upstream's information document tells how many events it gives at once, and whether it speaks NIP-77", async () => {
  answerWith(async () => Response.json({ limitation: { max_limit: 300 }, supported_nips: [1, 77] }));
  expect(await fetchAnnounced(URL)).toEqual({ maxLimit: 300, speaksNegentropy: true });
  for (const document of [
    null,
    { limitation: { max_limit: "300" }, supported_nips: "77" },
    { supported_nips: [7] },
  ]) {
    answerWith(async () => Response.json(document));
    expect(await fetchAnnounced(URL)).toEqual({ speaksNegentropy: false });
  }
});

it("no more is taken of an information document than one may hold", async () => {
  let chunks = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      chunks += 1;
      if (chunks > 1000) controller.error(new Error("all of it has been read"));
      controller.enqueue(new Uint8Array(10_000).fill(32));
    },
  });
  answerWith(async () => new Response(endless));
  expect(await fetchAnnounced(URL)).toEqual({ speaksNegentropy: false });
  expect(chunks).toBeLessThan(20);
});

it("a redirect is not followed, and is told of with its target", async () => {
  const asked: string[] = [];
  answerWith(async (request) => {
    asked.push(`${request.url} ${request.redirect}`);
    return new Response(null, { status: 302, headers: { location: "http://169.254.169.254/latest" } });
  });
  await expect(connectWebSocket(URL)).rejects.toThrow(
    "ws://upstream.test/ redirects to http://169.254.169.254/latest: redirects are not followed",
  );
  expect(await fetchAnnounced(URL)).toEqual({ speaksNegentropy: false });
  expect(asked).toEqual(["http://upstream.test/ manual", "http://upstream.test/ manual"]);
});
