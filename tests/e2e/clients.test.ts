/** Client libraries that others wrote, with their own calls, against the relay as `npm start` runs it. */
import { join } from "node:path";
import { Relay as ApplesauceRelay } from "applesauce-relay";
import {
  type EventTemplate,
  type Filter,
  finalizeEvent,
  generateSecretKey,
  getPublicKey,
  nip19,
  verifyEvent,
} from "nostr-tools";
import { fetchRelayInformation } from "nostr-tools/nip11";
import { SimplePool, useWebSocketImplementation } from "nostr-tools/pool";
import { Relay } from "nostr-tools/relay";
import { createRxForwardReq, createRxNostr, createRxOneshotReq } from "rx-nostr";
import { firstValueFrom, lastValueFrom, toArray } from "rxjs";
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

test("nostr-tools, rx-nostr and applesauce publish, prove who they are, search, count and read the relay document", async () => {
  const relay = await startRelay(await freePort(), join(temporaryFolder(), "state"));
  const clients = [
    await memberByNostrTools(relay.url),
    memberByRxNostr(relay.url),
    memberByApplesauce(relay.url),
  ];
  const sender = await withNostrTools(relay.url);
  for (const [at, client] of clients.entries()) {
    const published = await client.publish(`a lonely heron number${at}`);
    const message = await sender.message(client.pubkey);
    await sender.message(getPublicKey(generateSecretKey()));
    // Only those who have proven to be the recipient are shown it.
    expect(await client.messages()).toEqual([message]);
    expect(await client.search(`heron NUMBER${at}`)).toEqual([published]);
    expect(await client.search("nobody wrote this")).toEqual([]);
  }
  // rx-nostr 3.7.5 has no calls for COUNT and the relay document.
  const [byTools, , byApplesauce] = clients;
  for (const client of [byTools, byApplesauce]) {
    expect(await client?.count?.({ search: "heron" })).toBe(3);
    expect(await client?.document?.()).toMatchObject({
      name: "Tributary",
      supported_nips: expect.arrayContaining([42, 45, 50]),
    });
  }
});

/** One client with a key, which it proves to hold (NIP-42). */
interface Member {
  pubkey: string;
  publish(content: string): Promise<string>;
  /** Ids of the direct messages to it. */
  messages(): Promise<string[]>;
  search(words: string): Promise<string[]>;
  count?(filter: { search: string }): Promise<number>;
  document?(): Promise<unknown>;
}

async function memberByNostrTools(url: string): Promise<Member> {
  const secret = generateSecretKey();
  const sign = async (draft: EventTemplate) => finalizeEvent(draft, secret);
  const relay = await Relay.connect(url);
  onTestFinished(() => relay.close());
  const ask = (filter: Filter) =>
    new Promise<string[]>((resolve, reject) => {
      const ids: string[] = [];
      const subscription = relay.subscribe([filter], {
        onevent: ({ id }) => void ids.push(id),
        oneose: () => {
          resolve(ids);
          subscription.close();
        },
        onclose: (reason) => reject(new Error(reason)),
      });
    });
  const pubkey = getPublicKey(secret);
  return {
    pubkey,
    async publish(content) {
      const event = await sign({ kind: 1, created_at: now(), tags: [], content });
      await relay.publish(event);
      return event.id;
    },
    async messages() {
      await expect(ask({ kinds: [4] })).rejects.toThrow("auth-required: ");
      await relay.auth(sign);
      return ask({ kinds: [4] });
    },
    search: (words) => ask({ search: words, kinds: [1] }),
    count: (filter) => relay.count([filter], {}),
    document: () => fetchRelayInformation(url),
  };
}

function memberByRxNostr(url: string): Member {
  const secret = generateSecretKey();
  const signer = seckeySigner(nip19.nsecEncode(secret));
  const rxNostr = createRxNostr({
    verifier,
    signer,
    authenticator: "auto",
    websocketCtor: WebSocket as never,
  });
  onTestFinished(() => rxNostr.dispose());
  rxNostr.setDefaultRelays([url]);
  const ask = (filters: Filter) =>
    new Promise<string[]>((resolve, reject) => {
      const ids: string[] = [];
      rxNostr.use(createRxOneshotReq({ filters })).subscribe({
        next: ({ event }) => void ids.push(event.id),
        complete: () => resolve(ids),
        error: reject,
      });
    });
  return {
    pubkey: getPublicKey(secret),
    publish: (content) =>
      new Promise((resolve, reject) => {
        rxNostr.send({ kind: 1, content, tags: [], pubkey: getPublicKey(secret) }).subscribe({
          next: ({ ok, eventId, notice }) => (ok ? resolve(eventId) : reject(new Error(notice))),
          error: reject,
        });
      }),
    messages: () => ask({ kinds: [4] }),
    search: (words) => ask({ search: words, kinds: [1] }),
  };
}

function memberByApplesauce(url: string): Member {
  const secret = generateSecretKey();
  const signer = { signEvent: (draft: EventTemplate) => finalizeEvent(draft, secret) };
  const relay = new ApplesauceRelay(url, { WebSocket: WebSocket as never });
  const ask = async (filter: Filter) => {
    const events = await lastValueFrom(relay.request(filter).pipe(toArray()));
    return events.map(({ id }) => id);
  };
  return {
    pubkey: getPublicKey(secret),
    async publish(content) {
      const event = signer.signEvent({ kind: 1, created_at: now(), tags: [], content });
      expect(await relay.publish(event)).toMatchObject({ ok: true });
      return event.id;
    },
    async messages() {
      expect(await relay.authenticate(signer)).toMatchObject({ ok: true });
      return ask({ kinds: [4] });
    },
    search: (words) => ask({ search: words, kinds: [1] }),
    count: async (filter) => (await firstValueFrom(relay.count(filter))).count,
    document: () => relay.getInformation(),
  };
}

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
    /** A direct message of another connection. */
    async message(to: string): Promise<string> {
      const event = finalizeEvent({ kind: 4, created_at: now(), tags: [["p", to]], content: "?iv=" }, secret);
      await Promise.all(pool.publish([url], event));
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
