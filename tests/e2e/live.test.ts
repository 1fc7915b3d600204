/** Live mode with the real program: how soon an event arrives, drops, and ephemeral events that an upstream keeps. */
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import type { WebSocket } from "ws";
import type { UpstreamSettings } from "../../store/upstream-settings.ts";
import type { Event } from "../../nostr/event.ts";
import { type ScriptedRelay, startScriptedRelay } from "../fixtures/scripted-relay.ts";
import { signedEvent } from "../fixtures/signed-events.ts";
import { connect, listen } from "./client.ts";
import { eventually, freePort, startRelay, temporaryFolder } from "./programs.ts";

/** An event arrives in a fraction of a second. A pull would take a minute at least. */
const SOON = 20_000;
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
  const relay = await startScriptedRelay(([verb, id], say, socket) => {
    if (verb !== "REQ") return;
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

/** Returns the state folder of a relay with these upstreams. */
async function stateWith(upstreams: Record<string, Partial<UpstreamSettings>>): Promise<string> {
  const state = join(temporaryFolder(), "state");
  const relay = await startRelay(await freePort(), state);
  expect(await relay.interrupt()).toBe(0);
  const folder = join(state, "d1/miniflare-D1DatabaseObject");
  const file = readdirSync(folder).find((name) => /^[0-9a-f]{64}\.sqlite$/.test(name))!;
  const db = new DatabaseSync(join(folder, file));
  for (const [url, settings] of Object.entries(upstreams))
    db.prepare("INSERT INTO upstream (url, origin, settings) VALUES (?, 'operator', ?)").run(
      url,
      JSON.stringify({ version: 1, ...settings }),
    );
  db.close();
  return state;
}

const LIVE = { live: true, interval: 86_400 };

test("an event of a live upstream reaches a subscriber soon, also after drops; an ephemeral one reaches it once", async () => {
  await using first = await startLiveRelay();
  await using second = await startLiveRelay();
  const state = await stateWith({ [first.relay.url]: LIVE, [second.relay.url]: LIVE });
  const port = await freePort();
  const relay = await startRelay(port, state);
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
  expect(await relay.interrupt()).toBe(0);
  expect(relay.stderr()).toBe("");
});
