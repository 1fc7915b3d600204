/** Client libraries that others wrote, with their own calls, against the relay as `npm start` runs it. */
import { join } from "node:path";
import { finalizeEvent, generateSecretKey, getPublicKey, nip19, verifyEvent } from "nostr-tools";
import { SimplePool, useWebSocketImplementation } from "nostr-tools/pool";
import { createRxForwardReq, createRxNostr, createRxOneshotReq } from "rx-nostr";
import { seckeySigner, verifier } from "@rx-nostr/crypto";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { eventually, freePort, startRelay, temporaryFolder } from "./programs.ts";

useWebSocketImplementation(WebSocket);

test("nostr-tools and rx-nostr publish, read what is stored and follow what is new", async () => {
  const relay = await startRelay(await freePort(), join(temporaryFolder(), "state"));
  const [byTools, byRx] = [await withNostrTools(relay.url), withRxNostr(relay.url)];

  const toldTools = await byTools.follow("news");
  const toldRx = await byRx.follow("news");
  const first = await byTools.publish("from nostr-tools", "news");
  const second = await byRx.publish("from rx-nostr", "news");
  await byTools.publish("about something else", "other");

  const both = [first, second].toSorted();
  await eventually(
    async () => [toldTools.length, toldRx.length],
    ([a, b]) => a === 2 && b === 2,
  );
  expect(toldTools.toSorted()).toEqual(both);
  expect(toldRx.toSorted()).toEqual(both);
  expect((await byTools.stored("news")).toSorted()).toEqual(both);
  expect((await byRx.stored("news")).toSorted()).toEqual(both);
});

async function withNostrTools(url: string) {
  const pool = new SimplePool();
  onTestFinished(() => pool.close([url]));
  const secret = generateSecretKey();
  await pool.ensureRelay(url);
  return {
    async publish(content: string, topic: string): Promise<string> {
      const event = finalizeEvent({ kind: 1, created_at: now(), tags: [["t", topic]], content }, secret);
      expect(await Promise.all(pool.publish([url], event))).toEqual([""]);
      return event.id;
    },
    follow: (topic: string) =>
      new Promise<string[]>((resolve) => {
        const told: string[] = [];
        pool.subscribeMany(
          [url],
          { "#t": [topic], limit: 0 },
          { onevent: ({ id }) => void told.push(id), oneose: () => resolve(told) },
        );
      }),
    async stored(topic: string): Promise<string[]> {
      const events = await pool.querySync([url], { "#t": [topic], kinds: [1] });
      expect(events.every((event) => verifyEvent(event))).toBe(true);
      return events.map(({ id }) => id);
    },
  };
}

function withRxNostr(url: string) {
  const secret = generateSecretKey();
  const rxNostr = createRxNostr({
    verifier,
    signer: seckeySigner(nip19.nsecEncode(secret)),
    websocketCtor: WebSocket as never,
  });
  onTestFinished(() => rxNostr.dispose());
  rxNostr.setDefaultRelays([url]);
  return {
    publish: (content: string, topic: string) =>
      new Promise<string>((resolve, reject) => {
        const parameters = { kind: 1, content, tags: [["t", topic]], pubkey: getPublicKey(secret) };
        rxNostr.send(parameters).subscribe({
          next: ({ ok, eventId, notice }) => (ok ? resolve(eventId) : reject(new Error(notice))),
          error: reject,
        });
      }),
    follow: (topic: string) =>
      new Promise<string[]>((resolve) => {
        const told: string[] = [];
        const request = createRxForwardReq();
        rxNostr.createAllMessageObservable().subscribe(({ type }) => {
          if (type === "EOSE") resolve(told);
        });
        rxNostr.use(request).subscribe(({ event }) => void told.push(event.id));
        request.emit({ "#t": [topic], limit: 0 });
      }),
    stored: (topic: string) =>
      new Promise<string[]>((resolve, reject) => {
        const ids: string[] = [];
        rxNostr.use(createRxOneshotReq({ filters: { "#t": [topic], kinds: [1] } })).subscribe({
          next: ({ event }) => void ids.push(event.id),
          complete: () => resolve(ids),
          error: reject,
        });
      }),
  };
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}
