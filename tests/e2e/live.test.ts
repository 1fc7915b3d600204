/** Live mode with the real program: how soon an event arrives, drops, and ephemeral events that an upstream keeps. */
import { join } from "node:path";
import { expect, test } from "vitest";
import type { WebSocket } from "ws";
import type { Event } from "../../nostr/event.ts";
import { refuseComparison, type ScriptedRelay, startScriptedRelay } from "../fixtures/scripted-relay.ts";
import { signedEvent } from "../fixtures/signed-events.ts";
import { connect, listen } from "./client.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { eventually, type RelayProgram, startRelay, temporaryFolder } from "./programs.ts";
import { addUpstream, MANAGED, statusOf } from "./upstreams.ts";

/** An event arrives in a fraction of a second. The next pull would be in a day. */
const SOON = 60_000;
const now = () => Math.floor(Date.now() / 1000);

interface LiveRelay extends AsyncDisposable {
  relay: ScriptedRelay;
  /** Sent with every live subscription, before and after EOSE. */
  kept: Event[];
  /** Number of live subscriptions so far. */
  subscriptions: number;
  publish(event: Event): void;
  drop(): void;
}

async function startLiveRelay(): Promise<LiveRelay> {
  const sockets = new Set<WebSocket>();
  const relay = await startScriptedRelay((message, say, socket) => {
    const [verb, id] = message;
    if (verb !== "REQ") return refuseComparison(message, say);
    const isLive = String(id).startsWith("live-");
    if (isLive) for (const event of live.kept) say(["EVENT", id, event]);
    say(["EOSE", id]);
    if (!isLive) return;
    for (const event of live.kept) say(["EVENT", id, event]);
    sockets.add(socket);
    live.subscriptions += 1;
  });
  const live: LiveRelay = {
    relay,
    kept: [],
    subscriptions: 0,
    publish(event) {
      for (const socket of sockets) socket.send(JSON.stringify(["EVENT", "live-1", event]));
    },
    drop() {
      for (const socket of sockets) socket.terminate();
      sockets.clear();
    },
    [Symbol.asyncDispose]: () => relay[Symbol.asyncDispose](),
  };
  return live;
}

/** The minute job asks the connections how they are. */
function newStatusOf(relay: RelayProgram, url: string) {
  relay.runMinuteJobs();
  return statusOf(relay.http, url);
}

const LIVE = { live: true, interval: 86_400 };

test("an event of a live upstream reaches a subscriber soon, also after drops; an ephemeral one reaches it once", async () => {
  await using first = await startLiveRelay();
  await using second = await startLiveRelay();
  const relay = await startRelay(await freePort(), join(temporaryFolder(), "state"), MANAGED);
  for (const { relay: upstream } of [first, second]) await addUpstream(relay.http, upstream.url, LIVE);
  relay.runMinuteJobs();
  const { received } = await listen(await connect(relay.url), { limit: 0 });
  const subscribed = (count: number) =>
    eventually(
      async () => Math.min(first.subscriptions, second.subscriptions),
      (least) => least >= count,
    );
  const arrives = (event: Event) =>
    eventually(
      async () => received.filter(({ id }) => id === event.id).length,
      (copies) => copies > 0,
      SOON,
    );
  await subscribed(1);

  const note = signedEvent({ content: "note", created_at: now() });
  first.publish(note);
  await arrives(note);

  // Both send the same request, and keep it for everybody who connects.
  const request = signedEvent({ kind: 24_133, content: "pay", created_at: now() });
  for (const live of [first, second]) {
    live.kept.push(request);
    live.publish(request);
  }
  await arrives(request);
  for (const round of [2, 3, 4]) {
    first.drop();
    second.drop();
    await subscribed(round);
  }

  const later = signedEvent({ content: "later", created_at: now() });
  second.publish(later);
  await arrives(later);
  expect(received.map(({ id }) => id)).toEqual([note.id, request.id, later.id]);
  const { live } = await eventually(
    () => newStatusOf(relay, second.relay.url),
    (status) => (status.live?.drops ?? 0) >= 3,
  );
  expect(live).toMatchObject({
    drops: 3,
    lastDrop: { reason: expect.stringContaining("the connection ended") },
  });
  expect(await relay.interrupt()).toBe(0);
  expect(relay.stderr()).toBe("");
});

test("an upstream that floods its live connection is disconnected, and holds up no other", async () => {
  await using calm = await startLiveRelay();
  const sent = { bytes: 0 };
  const junk = JSON.stringify(["EVENT", "nobody-asked", { content: "x".repeat(1_000_000) }]);
  await using flooding = await startScriptedRelay(([verb, id], say, socket) => {
    if (verb !== "REQ" || !String(id).startsWith("live-")) return verb === "REQ" && say(["EOSE", id]);
    const send = (): void => {
      if (socket.readyState !== socket.OPEN || sent.bytes > 4e9) return;
      sent.bytes += junk.length;
      socket.send(junk, send);
    };
    send();
  });
  const relay = await startRelay(await freePort(), join(temporaryFolder(), "state"), MANAGED);
  const { received } = await listen(await connect(relay.url), { limit: 0 });
  for (const { url } of [flooding, calm.relay]) await addUpstream(relay.http, url, LIVE);
  relay.runMinuteJobs();
  const { live } = await eventually(
    () => newStatusOf(relay, flooding.url),
    (status) => (status.live?.drops ?? 0) >= 2,
  );
  expect(live?.lastDrop?.reason).toBe("the upstream floods: too much that nobody asked for");
  expect(live?.waste).toBeGreaterThan(20);
  await eventually(
    async () => calm.subscriptions,
    (count) => count > 0,
  );
  const note = signedEvent({ content: "in a flood", created_at: now() });
  calm.publish(note);
  await eventually(
    async () => received.map(({ id }) => id),
    (ids) => ids.includes(note.id),
    SOON,
  );
});
