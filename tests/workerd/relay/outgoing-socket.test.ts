/** The sockets of the aggregator to upstreams, with real WebSockets. The relay itself plays the upstream. */
import { exports } from "cloudflare:workers";
import { afterEach, describe, expect, it, vi } from "vitest";
import { converse } from "../../../aggregator/conversation/upstream.ts";
import { fetchAnnounced } from "../../../aggregator/conversation/fetch-announced.ts";
import { CONNECT_MILLISECONDS } from "../../../aggregator/conversation/fetch-following.ts";
import { connectWebSocket } from "../../../aggregator/conversation/outgoing-socket.ts";

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

it("a connection that nobody needs any more is closed, although it was never listened to", async () => {
  const closed = Promise.withResolvers<number>();
  answerWith(async () => {
    const [client, server] = Object.values(new WebSocketPair());
    server!.accept();
    server!.addEventListener("close", ({ code }) => closed.resolve(code));
    return new Response(null, { status: 101, webSocket: client! });
  });
  (await connectWebSocket(URL)).close();
  expect(await closed.promise).toBe(1000);
});

it("a connection that fails says that there was none", async () => {
  answerWith(() => Promise.reject(new Error("Network connection lost.")));
  await expect(connectWebSocket(URL)).rejects.toThrow(/^cannot connect: Network connection lost$/);
});

it("an upstream's information document tells how many events it gives at once, and whether it speaks NIP-77", async () => {
  answerWith(async () => Response.json({ limitation: { max_limit: 300 }, supported_nips: [1, 45, 77] }));
  expect(await fetchAnnounced(URL)).toEqual({ maxLimit: 300, speaksNegentropy: true, counts: true });
  answerWith(async () => Response.json({ supported_nips: [7] }));
  expect(await fetchAnnounced(URL)).toEqual({ speaksNegentropy: false, counts: false });
  for (const document of [null, { limitation: { max_limit: "300" }, supported_nips: "77" }]) {
    answerWith(async () => Response.json(document));
    expect(await fetchAnnounced(URL)).toEqual({});
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
  expect(await fetchAnnounced(URL)).toEqual({});
  expect(chunks).toBeLessThan(20);
});

it("a connection and a document say who asks", async () => {
  const agents: (string | null)[] = [];
  answerWith(async (request) => {
    agents.push(request.headers.get("user-agent"));
    return Response.json({}, { status: 403 });
  });
  await expect(connectWebSocket(URL)).rejects.toThrow("answered 403");
  await fetchAnnounced(URL);
  const agent = expect.stringMatching(/^Tributary\/\d+\.\d+\.\d+ \(\+https:\/\/.+\)$/);
  expect(agents).toEqual([agent, agent]);
});

describe("a redirect", () => {
  /** Answers each address with a redirect to the next one, and the last one with a WebSocket. */
  function redirecting(...targets: string[]): string[] {
    const asked: string[] = [];
    answerWith(async (request) => {
      const location = targets[asked.length];
      asked.push(`${request.url} ${request.redirect}`);
      return location === undefined
        ? exports.default.fetch(new Request(URL.replace("ws", "http"), request))
        : new Response("moved", { status: 302, headers: { location } });
    });
    return asked;
  }

  it.each([
    ["to another path of the same host", URL, "/relay", "http://upstream.test/relay"],
    ["to another port of the same host", URL, "ws://upstream.test:81/", "http://upstream.test:81/"],
    ["to TLS", URL, "https://upstream.test/", "https://upstream.test/"],
    ["to another host with TLS", URL, "wss://other.example/", "https://other.example/"],
    ["from TLS to TLS", "wss://upstream.test/", "https://other.example/", "https://other.example/"],
  ])("%s is followed", async (_, from, target, to) => {
    const asked = redirecting(target);
    converse(await connectWebSocket(from)).close();
    expect(asked).toEqual([`${from.replace("ws", "http")} manual`, `${to} manual`]);
  });

  it.each([
    ["to a host without TLS", URL, "http://169.254.169.254/latest"],
    ["to a host that begins like it", URL, "http://upstream.test.evil/"],
    ["to an address of this network, although with TLS", URL, "https://192.168.1.1/"],
    ["to this machine, although with TLS", "wss://upstream.test/", "https://localhost:8443/"],
    ["from TLS to none", "wss://upstream.test/", "ws://upstream.test/"],
    ["with a password", URL, "https://user:pass@upstream.test/"],
    ["to something else", URL, "file:///etc/passwd"],
    ["to no address", URL, "http://[/"],
  ])("%s is not followed, and is told of with its target", async (_, from, target) => {
    const asked = redirecting(target);
    await expect(connectWebSocket(from)).rejects.toThrow(
      `${from} redirects to ${target}: only a redirect to the same host, or to a public wss:// address, is followed`,
    );
    expect(asked).toHaveLength(1);
    redirecting(target);
    expect(await fetchAnnounced(from)).toEqual({});
  });

  it("is followed three times, also for a document", async () => {
    const three = ["/1", "/2", "/3"];
    const asked = redirecting(...three);
    converse(await connectWebSocket(URL)).close();
    expect(asked).toHaveLength(4);
    redirecting(...three, "/4");
    await expect(connectWebSocket(URL)).rejects.toThrow(`${URL} redirects more than 3 times`);
    answerWith(async ({ url }) =>
      url.endsWith("/end")
        ? Response.json({ limitation: { max_limit: 7 } })
        : new Response(null, { status: 301, headers: { location: "/end" } }),
    );
    expect(await fetchAnnounced(URL)).toMatchObject({ maxLimit: 7 });
  });
});
