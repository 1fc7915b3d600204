/** Client libraries that others wrote, with their own calls, against the relay as `npm start` runs it. */
import { join } from "node:path";
import { Relay as ApplesauceRelay } from "applesauce-relay";
import {
  type Event,
  type EventTemplate,
  type Filter,
  finalizeEvent,
  generateSecretKey,
  getPublicKey,
  nip19,
  verifyEvent,
} from "nostr-tools";
import { fetchRelayInformation } from "nostr-tools/nip11";
import { bytesToHex } from "nostr-tools/utils";
import { SimplePool, useWebSocketImplementation } from "nostr-tools/pool";
import { Relay } from "nostr-tools/relay";
import { createRxForwardReq, createRxNostr, createRxOneshotReq, fetchRelayInfo } from "rx-nostr";
import { firstValueFrom, lastValueFrom, toArray } from "rxjs";
import { seckeySigner, verifier } from "@rx-nostr/crypto";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { runCli } from "../fixtures/cli.ts";
import { eventually, freePort, startRelay, temporaryFolder } from "./programs.ts";

useWebSocketImplementation(WebSocket);

test("nostr-tools, rx-nostr and applesauce publish, read what is stored and follow what is new", async () => {
  const relay = await startRelay(await freePort(), join(temporaryFolder(), "state"));
  const clients = [await withNostrTools(relay.url), withRxNostr(relay.url), withApplesauce(relay.url)];

  const told = await Promise.all(clients.map((client) => client.follow("news")));
  const published: string[] = [];
  for (const [at, client] of clients.entries()) {
    published.push(await client.publish(`news of client ${at}`, "news"));
    await client.publish("about something else", "other");
  }

  const all = published.toSorted();
  await eventually(
    async () => told.map(({ length }) => length),
    (counts) => counts.every((count) => count >= all.length),
  );
  for (const ids of told) expect(ids.toSorted()).toEqual(all);
  for (const client of clients) expect((await client.stored("news")).toSorted()).toEqual(all);
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
    const messages = await sender.messages(client.pubkey);
    await sender.messages(getPublicKey(generateSecretKey()));
    // Only those who have proven to be the recipient are shown them.
    expect((await client.messages()).toSorted()).toEqual(messages.toSorted());
    // Only those who have proven to be the author may publish what is protected (NIP-70).
    await client.publish("from nobody else", [["-"]]);
    expect(await client.search(`heron NUMBER${at}`)).toEqual([published]);
    expect(await client.search("nobody wrote this")).toEqual([]);
  }
  const stranger = await memberByNostrTools(relay.url);
  await expect(stranger.publish("from nobody else", [["-"]])).rejects.toThrow("auth-required: ");
  // rx-nostr 3.7.5 sends no COUNT.
  const [byTools, , byApplesauce] = clients;
  for (const client of [byTools, byApplesauce]) expect(await client?.count?.({ search: "heron" })).toBe(3);
  for (const client of clients) {
    expect(await client.document()).toMatchObject({
      name: "Tributary",
      supported_nips: expect.arrayContaining([42, 45, 50, 70, 77]),
    });
  }
});

test("the command line client publishes what is protected and reads messages when it proves who it is", async () => {
  const relay = await startRelay(await freePort(), join(temporaryFolder(), "state"));
  const secret = generateSecretKey();
  const env = { NOSTR_SECRET_KEY: bytesToHex(secret) };
  const nostr = (...args: string[]) =>
    runCli("node", [...args, "--relay", relay.url], { cwd: temporaryFolder(), env });

  const protectedOne = ["publish", "for this relay alone", "--tag=-"];
  expect(await nostr(...protectedOne)).toMatchObject({ code: 1, stderr: expect.stringContaining("--auth") });
  expect(await nostr(...protectedOne, "--auth")).toMatchObject({ code: 0, stderr: "" });
  expect((await nostr("publish", "a letter", "--kind", "4", "--tag", `p=${"a".repeat(64)}`)).code).toBe(0);
  const letters = ["req", "--kinds", "4", "--json"];
  expect(await nostr(...letters)).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringContaining("--auth"),
  });
  const { code, stdout } = await nostr(...letters, "--auth");
  expect({ code, letter: JSON.parse(stdout) as unknown }).toMatchObject({
    code: 0,
    letter: { content: "a letter" },
  });
});

/** One client with a key, which it proves to hold (NIP-42). */
interface Member {
  pubkey: string;
  publish(content: string, tags?: string[][]): Promise<string>;
  /** Ids of the direct messages and gift wraps to it. */
  messages(): Promise<string[]>;
  search(words: string): Promise<string[]>;
  count?(filter: { search: string }): Promise<number>;
  document(): Promise<unknown>;
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
    async publish(content, tags = []) {
      const event = await sign({ kind: 1, created_at: now(), tags, content });
      await relay.publish(event);
      return event.id;
    },
    async messages() {
      await expect(ask({ kinds: [4, 1059] })).rejects.toThrow("auth-required: ");
      await relay.auth(sign);
      return ask({ kinds: [4, 1059] });
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
    publish: (content, tags = []) =>
      new Promise((resolve, reject) => {
        rxNostr.send({ kind: 1, content, tags, pubkey: getPublicKey(secret) }).subscribe({
          next: ({ ok, eventId, notice }) => (ok ? resolve(eventId) : reject(new Error(notice))),
          error: reject,
        });
      }),
    messages: () => ask({ kinds: [4, 1059] }),
    search: (words) => ask({ search: words, kinds: [1] }),
    document: () => fetchRelayInfo(url),
  };
}

function memberByApplesauce(url: string): Member {
  const secret = generateSecretKey();
  const signer = { signEvent: (draft: EventTemplate) => finalizeEvent(draft, secret) };
  const relay = new ApplesauceRelay(url, { WebSocket: WebSocket as never });
  onTestFinished(() => relay.close());
  const ask = async (filter: Filter) => {
    const events = await lastValueFrom(relay.request(filter).pipe(toArray()));
    return events.map(({ id }) => id);
  };
  return {
    pubkey: getPublicKey(secret),
    async publish(content, tags = []) {
      const event = signer.signEvent({ kind: 1, created_at: now(), tags, content });
      expect(await relay.publish(event)).toMatchObject({ ok: true });
      return event.id;
    },
    async messages() {
      expect(await relay.authenticate(signer)).toMatchObject({ ok: true });
      return ask({ kinds: [4, 1059] });
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
    /** A direct message and a gift wrap, from another connection. */
    async messages(to: string): Promise<string[]> {
      const drafts = [4, 1059].map((kind) => ({
        kind,
        created_at: now(),
        tags: [["p", to]],
        content: "?iv=",
      }));
      const events = drafts.map((draft) => finalizeEvent(draft, secret));
      await Promise.all(events.flatMap((event) => pool.publish([url], event)));
      return idsOf(events);
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

function withApplesauce(url: string) {
  const secret = generateSecretKey();
  const relay = new ApplesauceRelay(url, { WebSocket: WebSocket as never });
  onTestFinished(() => relay.close());
  return {
    async publish(content: string, topic: string): Promise<string> {
      const event = finalizeEvent({ kind: 1, created_at: now(), tags: [["t", topic]], content }, secret);
      expect(await relay.publish(event)).toMatchObject({ ok: true });
      return event.id;
    },
    follow: (topic: string) =>
      new Promise<string[]>((resolve, reject) => {
        const told: string[] = [];
        const following = relay.subscription({ "#t": [topic], limit: 0 }).subscribe({
          next: (answer) => (answer === "EOSE" ? resolve(told) : void told.push(answer.id)),
          error: reject,
        });
        onTestFinished(() => following.unsubscribe());
      }),
    stored: async (topic: string) =>
      idsOf(await lastValueFrom(relay.request({ "#t": [topic], kinds: [1] }).pipe(toArray()))),
  };
}

function idsOf(events: Event[]): string[] {
  return events.map(({ id }) => id);
}

function now(): number {
  return Math.floor(Date.now() / 1000);
}
