/** Other projects' client libraries, used as their documentation shows, against the relay as `npm start` runs it. */
import { type Watched, watchSockets } from "./sockets.ts";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateSecretKey, getPublicKey } from "nostr-tools";
import { afterAll, beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { ROOT, type Running, startProgram } from "../fixtures/program.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { kill } from "../e2e/programs.ts";
import { type Client, type Library, now } from "./library.ts";
import { nostrTools } from "./nostr-tools.ts";
import { LIBRARIES } from "./libraries.ts";
import { relayProgram, SERVED_BY } from "../fixtures/relay-program.ts";

/**
 * On Node, @snort/system 2.1.9 loses an event that is in one chunk of the connection with EOSE: it verifies in a microtask, and the
 * WebSocket of Node hands over both frames in one task. A server of one process is quick enough for that, so there it is skipped.
 */
const losesEvents = ({ name }: Library) => SERVED_BY !== undefined && name === "@snort/system";

/** A step takes less than a second on an idle machine. If the relay is at fault, it takes 10 s or never ends. */
const LIMIT_MILLISECONDS = 5_000;

let relay: Running;
let url: string;
let other: Client;
const state = mkdtempSync(join(tmpdir(), "tributary-clients-"));
const table: Record<string, Record<string, number>> = {};

beforeAll(async () => {
  const port = await freePort();
  const [program, args] = relayProgram();
  relay = startProgram(program, [...args, "--port", String(port), "--state", state], { cwd: ROOT });
  await relay.shows("ready");
  url = `ws://localhost:${port}`;
  other = await nostrTools.connect(url, generateSecretKey());
  await other.query({ kinds: [1] });
});

afterAll(async () => {
  console.table(table);
  await kill(relay);
  rmSync(state, { recursive: true, force: true, maxRetries: 10 });
});

describe.each(LIBRARIES)("$name", (library) => {
  test.skipIf(losesEvents(library))("reads, publishes, listens and closes without a signer", async () => {
    const session = await open(library);
    await reads(session);
    await readsDocument(session);
    await listens(session);
    await isRefused(session);
    await reads(session);
    // A client reports 1006 if its Close frame was not answered.
    expect(await closes(session)).not.toContain(1006);
  });

  test.skipIf(library.lacks.auth || losesEvents(library))(
    "authenticates with a signer when it is needed",
    async () => {
      const session = await open(library, generateSecretKey());
      await reads(session);
      await listens(session);
      await readsMessages(session);
      await reads(session);
      // A client reports 1006 if its Close frame was not answered.
      expect(await closes(session)).not.toContain(1006);
    },
  );

  test("has calls for all that it is said to have, and for no more", async () => {
    const client = await library.connect(url, generateSecretKey());
    onTestFinished(() => void client.close());
    const { publish, follow: live, count } = client;
    for (const [part, call] of Object.entries({ publish, live, count }))
      expect({ [part]: call === undefined }).toEqual({ [part]: part in library.lacks });
  });
});

test("each library that listens hears what every other library publishes", async () => {
  const topic = crypto.randomUUID();
  const libraries = LIBRARIES.filter((library) => !losesEvents(library));
  const clients = await Promise.all(libraries.map((library) => library.connect(url, generateSecretKey())));
  onTestFinished(async () => void (await Promise.all(clients.map((client) => client.close()))));
  const heard = clients.map(() => new Set<string>());
  await Promise.all(
    clients.map(async ({ follow }, at) =>
      follow?.({ kinds: [1], "#t": [topic] }, (id) => heard[at]?.add(id)),
    ),
  );
  const published = await Promise.all(clients.map(async ({ publish }) => publish?.(note(topic))));
  expect(published.filter((id) => id !== undefined)).toHaveLength(libraries.length - 1);
  const listeners = heard.flatMap((ids, at) => (clients[at]?.follow ? [{ ids, own: published[at] }] : []));
  for (const { ids, own } of listeners) {
    // Not every library shows an app its own events.
    const ofOthers = published.filter((id) => id !== undefined && id !== own);
    await until(() => expect([...ids]).toEqual(expect.arrayContaining(ofOthers)));
  }
});

interface Session {
  client: Client;
  sockets: Watched;
  library: Library;
  pubkey: string;
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
}

async function open(library: Library, key?: Uint8Array): Promise<Session> {
  const sockets = watchSockets();
  const times: Record<string, number> = (table[`${library.name}${key ? ", signer" : ""}`] = {});
  const step = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const before = performance.now();
    const result = await before5s(`${library.name}: ${name}`, work());
    times[name] = Math.max(times[name] ?? 0, Math.round(performance.now() - before));
    return result;
  };
  const client = await step("connect", () => library.connect(url, key));
  onTestFinished(() => void client.close());
  return { client, sockets, library, pubkey: getPublicKey(key ?? generateSecretKey()), step };
}

async function reads({ client, step }: Session): Promise<void> {
  const topic = crypto.randomUUID();
  expect(await step("read nothing", () => client.query({ kinds: [1], "#t": [topic] }))).toEqual([]);
  const publish = client.publish ?? other.publish;
  const id = await step("publish", async () => publish?.(note(topic)) ?? "");
  await until(async () => expect(await other.query({ ids: [id] })).toHaveLength(1));
  expect(await step("read by tag", () => client.query({ "#t": [topic] }))).toEqual([id]);
  expect(await step("read by id", () => client.query({ ids: [id] }))).toEqual([id]);
  const words = { kinds: [1], search: topic };
  expect(await step("search", () => client.query(words))).toEqual([id]);
  const counted =
    client.count && (await step("count", async () => client.count?.({ "#t": [topic], kinds: [1] })));
  expect(counted).toBe(client.count && 1);
}

async function readsDocument({ client, step }: Session): Promise<void> {
  if (!client.document) return;
  expect(await step("document", async () => client.document?.())).toMatchObject({
    name: "Tributary",
    supported_nips: expect.arrayContaining([42, 45, 50, 70, 77]),
  });
}

async function listens({ client, step }: Session): Promise<void> {
  if (!client.follow) return;
  const topic = crypto.randomUUID();
  const heard = new Set<string>();
  const follow = client.follow;
  await step("subscribe", () => follow({ kinds: [1], "#t": [topic] }, (id) => heard.add(id)));
  const id = await other.publish?.(note(topic));
  await step("live", () => until(() => expect(heard.size).toBeGreaterThan(0)));
  expect([...heard]).toEqual([id]);
}

/** Asks for somebody else's messages. The relay refuses, and the library reports that, or reports no events. */
async function isRefused({ client, library, pubkey, step }: Session): Promise<void> {
  await other.publish?.(wrapFor(pubkey));
  if (library.lacks.refusal) return;
  const shown = await step("refused", () => client.query({ kinds: [1059], "#p": [pubkey] }).catch(() => []));
  expect(shown).toEqual([]);
}

async function readsMessages({ client, pubkey, step }: Session): Promise<void> {
  const stored = await other.publish?.(wrapFor(pubkey));
  const messages = { kinds: [1059], "#p": [pubkey] };
  expect(await step("read messages", () => client.query(messages))).toEqual([stored]);
  const heard = new Set<string>();
  await step("subscribe messages", async () => client.follow?.(messages, (id) => heard.add(id)));
  const news = await other.publish?.(wrapFor(pubkey));
  await step("live messages", () => until(() => expect([...heard]).toContain(news)));
  // Only a client that has authenticated as the author may publish a protected event (NIP-70).
  const id = await step("publish protected", async () =>
    client.publish?.({ ...note("protected"), tags: [["-"]] }),
  );
  await until(async () => expect(await other.query({ ids: [id ?? ""] })).toHaveLength(1));
}

/** Closes the client. Resolves with the close codes of its sockets. */
async function closes({ client, sockets, step }: Session): Promise<number[]> {
  expect(sockets).toEqual({ opened: 1, codes: [] });
  await step("close", async () => {
    await client.close();
    await until(() => expect(sockets.codes).toHaveLength(1));
  });
  return sockets.codes;
}

async function before5s<T>(what: string, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`${what} takes more than ${LIMIT_MILLISECONDS} ms`)),
      LIMIT_MILLISECONDS,
    );
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function until(check: () => unknown): Promise<unknown> {
  return vi.waitFor(check, { timeout: LIMIT_MILLISECONDS, interval: 20 });
}

function note(topic: string) {
  return { kind: 1, created_at: now(), tags: [["t", topic]], content: `a note about ${topic}` };
}

function wrapFor(pubkey: string) {
  return { kind: 1059, created_at: now(), tags: [["p", pubkey]], content: crypto.randomUUID() };
}
