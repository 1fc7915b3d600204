/** The whole path of a pull with real programs: another relay, a client library, the queue, and kills. */
import { createServer } from "node:http";
import { join } from "node:path";
import type { Event } from "nostr-tools";
import { expect, test } from "vitest";
import { refuseComparison, startScriptedRelay, stored } from "../fixtures/scripted-relay.ts";
import { SECRET_HEX } from "../fixtures/author.ts";
import { signedEvent } from "../fixtures/signed-events.ts";
import { byId, connect, everything, listen, publishAll, query, someEvents } from "./client.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { eventually, kill, startRelay, startUpstream, temporaryFolder } from "./programs.ts";
import { MANAGED, pullNow } from "./upstreams.ts";

/** The events of these tests are years old. */
const EVERYTHING = ["--var", "PULL_HISTORY=all", "--var", "UPSTREAM_RETENTION=*:forever"];

/** Failed work is retried after a pause. */
const MINUTES = 10 * 60_000;
const LESS_THAN_A_LEASE = 100_000;

test(
  "an upstream is pulled whole, over its own death and the relay's, and reaches live subscribers once",
  async () => {
    const [port, upstreamPort] = [await freePort(), await freePort()];
    const folder = temporaryFolder();
    const [state, database] = [join(folder, "state"), join(folder, "upstream.db")];
    const upstreamUrl = `ws://localhost:${upstreamPort}`;
    const start = () => startRelay(port, state, ["--upstream", upstreamUrl, ...EVERYTHING, ...MANAGED]);

    // A client library fills another relay.
    const events = someEvents(1000, "stored");
    const filling = await startUpstream(upstreamPort, database);
    await publishAll(await connect(upstreamUrl), events);
    await kill(filling);

    // The upstream dies in the middle of the first pull, and starts again.
    const dying = await startUpstream(upstreamPort, database, 700);
    let relay = await start();
    await dying.ended;
    let upstream = await startUpstream(upstreamPort, database);
    await pullNow(relay, upstreamUrl);
    await eventually(
      async () => (await everything(relay.http)).length,
      (count) => count >= events.length,
    );

    // Each event can be read once and unchanged, over HTTP and over WebSocket.
    expect(byId(await everything(relay.http))).toEqual(byId(events));
    const byWebSocket = await query(await connect(relay.url), { limit: 1000 });
    expect(byId(byWebSocket)).toEqual(byId(events));

    // Kill the relay while a client publishes. All acknowledged events must be there afterwards.
    const acknowledged: Event[] = [];
    const publisher = await connect(relay.url);
    const attempts = someEvents(300, "direct").map(async (event) => {
      await publisher.publish(event);
      acknowledged.push(event);
      if (acknowledged.length === 100) relay.process.kill("SIGKILL");
    });
    await Promise.allSettled(attempts);
    await relay.ended;
    await kill(upstream);
    upstream = await startUpstream(upstreamPort, database);
    relay = await start();
    expect(acknowledged.length).toBeGreaterThanOrEqual(100);
    const stored = await everything(relay.http);
    expect(new Set(stored.map(({ id }) => id)).size).toBe(stored.length);
    expect(stored.map(({ id }) => id)).toEqual(
      expect.arrayContaining([...events, ...acknowledged].map(({ id }) => id)),
    );

    // Events that are published upstream from now on reach a live subscriber, each once.
    const subscriber = await connect(relay.url);
    const { received } = await listen(subscriber, { limit: 0 });
    const fresh = someEvents(20, "fresh", 1);
    await publishAll(await connect(upstreamUrl), fresh);
    await pullNow(relay, upstreamUrl);
    await eventually(
      () => query(subscriber, { ids: fresh.map(({ id }) => id) }),
      ({ length }) => length === fresh.length,
    );
    expect(byId(received)).toEqual(byId(fresh));

    // The cursor survived: the relay did not ask for pulled events again.
    expect(Number(upstream.stdout().trim().split(" ").at(-1))).toBeLessThan(100);

    expect(await relay.interrupt()).toBe(0);
    await kill(upstream);
  },
  MINUTES,
);

test("an upstream that has moved is pulled where it is now, and is told who asks", async () => {
  const event = signedEvent({ content: "moved" });
  await using upstream = await startScriptedRelay(stored(event));
  const agents: (string | undefined)[] = [];
  const old = createServer((_, response) => response.writeHead(404).end());
  old.on("upgrade", ({ headers }, socket) => {
    agents.push(headers["user-agent"]);
    socket.end(`HTTP/1.1 308 Permanent Redirect\r\nLocation: ${upstream.url}/\r\nContent-Length: 0\r\n\r\n`);
  });
  const oldPort = await freePort();
  old.listen(oldPort, "127.0.0.1");
  const relay = await startRelay(await freePort(), join(temporaryFolder(), "state"), [
    "--upstream",
    `ws://127.0.0.1:${oldPort}`,
    ...EVERYTHING,
  ]);
  const events = await eventually(
    () => everything(relay.http),
    ({ length }) => length === 1,
  );
  old.close();
  expect(events).toEqual([event]);
  expect(agents[0]).toMatch(/^Tributary\//);
});

test("an upstream that answers only after authentication is pulled with the relay's own key", async () => {
  const [port, upstreamPort] = [await freePort(), await freePort()];
  const state = () => join(temporaryFolder(), "state");
  const closed = await startRelay(upstreamPort, state(), ["--var", "READ_ACCESS=auth"]);
  const [event] = someEvents(1, "for members");
  await publishAll(await connect(closed.url), [event!]);
  const relay = await startRelay(port, state(), [
    "--upstream",
    `ws://localhost:${upstreamPort}`,
    "--var",
    `RELAY_SECRET_KEY=${SECRET_HEX}`,
    ...EVERYTHING,
  ]);
  const events = await eventually(
    () => everything(relay.http),
    ({ length }) => length === 1,
  );
  expect(byId(events)).toEqual(byId([event!]));
  expect(relay.stdout() + relay.stderr()).not.toContain(SECRET_HEX);
});

test("an upstream that does not answer holds up no other, and what one that fails says is shown", async () => {
  const [slowEvent, quickEvent] = [signedEvent({ content: "slow" }), signedEvent({ content: "quick" })];
  await using quick = await startScriptedRelay(stored(quickEvent));
  // It answers only after the other one has got a request.
  await using slow = await startScriptedRelay((message, say, socket) => {
    void eventually(
      async () => quick.received.length,
      (asked) => asked > 0,
    ).then(() => socket.readyState === socket.OPEN && stored(slowEvent)(message, say, socket));
  });
  await using closed = await startScriptedRelay(([, id], say) => say(["CLOSED", id, "\u001b[2Jgo away"]));
  const upstreams = [slow, quick, closed].flatMap(({ url }) => ["--upstream", url]);
  const relay = await startRelay(await freePort(), join(temporaryFolder(), "state"), [
    ...upstreams,
    ...EVERYTHING,
  ]);
  await eventually(
    () => everything(relay.http),
    ({ length }) => length === 2,
  );
  // The pull was not restarted.
  expect(slow.received.filter(([verb]) => verb === "NEG-OPEN")).toHaveLength(1);

  const problem = `the pull of ${closed.url} failed: the upstream refused: [2Jgo away; next try in about `;
  await eventually(
    async () => relay.stderr(),
    (log) => /^\d+ s \(failure 1\)/.test(log.split(problem)[1] ?? ""),
  );
});

test(
  "a pull that was interrupted is taken up by the next start, before its lease would run out",
  async () => {
    await using silent = await startScriptedRelay(refuseComparison);
    const [port, state] = [await freePort(), join(temporaryFolder(), "state")];
    for (const starts of [1, 2]) {
      const relay = await startRelay(port, state, ["--upstream", silent.url]);
      await eventually(
        async () => silent.received.filter(([verb]) => verb === "REQ").length,
        (pulls) => pulls === starts,
        LESS_THAN_A_LEASE,
      );
      expect(await relay.interrupt()).toBe(0);
    }
  },
  MINUTES,
);
