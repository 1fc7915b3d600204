/** Writers of every kind. They record what the relay has acknowledged, until it is killed. */
import { WebSocket } from "ws";
import { type Event, newestFirst } from "../../nostr/event.ts";
import { type Key, signed } from "../../scripts/bench/corpus/signing.ts";
import { randomKey } from "../fixtures/random-key.ts";
import type { Random } from "../reference/generators.ts";

/** What must hold after any kill. */
export interface Ledger {
  /** Acknowledged events. They must be stored. */
  kept: Map<string, Event>;
  /** Acknowledged events that must be stored until they expire, in Unix seconds. */
  expiring: Map<string, number>;
  /** The newest acknowledged version of each address. It must be stored, or a newer one. */
  versions: Map<string, Event>;
  /** Ids that must not be stored: deleted, or older than an acknowledged version that has expired. */
  gone: Set<string>;
  /** Keys that have vanished, and the times of their requests. */
  vanished: Map<string, number>;
  /** Number of acknowledged events, in all and by sort. */
  acknowledged: number;
  counts: Record<string, number>;
  /** Older versions that were outlived by acknowledged newer ones, and when those expire. */
  outlived: { older: Event; expiresAt: number }[];
}

export function newLedger(): Ledger {
  return {
    kept: new Map(),
    expiring: new Map(),
    versions: new Map(),
    gone: new Set(),
    vanished: new Map(),
    acknowledged: 0,
    counts: {},
    outlived: [],
  };
}

export const ROOT = "ab".repeat(32);

const KEYS = Array.from({ length: 5 }, randomKey);
const WORDS = ["heron", "lapwing", "curlew", "dunlin", "avocet", "plover"];
/** Number of EVENTs that a writer keeps in flight. */
const IN_FLIGHT = 24;

interface Writer {
  random: Random;
  ledger: Ledger;
  /** Resolves with the OK. Undefined if the relay died before it answered. */
  publish(event: Event): Promise<{ accepted: boolean; message: string } | undefined>;
  isGone(): boolean;
}

/** Writes until the relay dies. */
export async function writeUntilItDies(
  url: string,
  http: string,
  ledger: Ledger,
  random: Random,
): Promise<void> {
  const kinds = [notes, notes, versions, deletions, vanishing, expiring];
  // None begins before all are connected, so that the speed of the machine does not matter.
  const writers = await Promise.all(kinds.map(() => connect(url, ledger, random)));
  await Promise.all([
    ...writers.map(async (writer, at) => {
      while (!writer.isGone()) await kinds[at]?.(writer);
    }),
    ...[1, 2].map(() => overHttp(http, ledger, random)),
    countUntilItDies(url, random),
  ]);
}

async function connect(url: string, ledger: Ledger, random: Random): Promise<Writer> {
  const socket = new WebSocket(url);
  const waiting = new Map<string, (answer?: { accepted: boolean; message: string }) => void>();
  const end = () => {
    for (const resolve of waiting.values()) resolve();
    waiting.clear();
  };
  await new Promise((open, failed) => socket.once("open", open).once("error", failed));
  socket.on("error", end).on("close", end);
  socket.on("message", (data: Buffer) => {
    const [verb, id, accepted, message] = JSON.parse(data.toString()) as [string, string, boolean, string];
    if (verb !== "OK") return;
    waiting.get(id)?.({ accepted, message });
    waiting.delete(id);
  });
  const isGone = () => socket.readyState !== WebSocket.OPEN;
  return {
    random,
    ledger,
    isGone,
    publish: (event) =>
      new Promise((resolve) => {
        if (isGone()) return resolve(undefined);
        waiting.set(event.id, resolve);
        socket.send(JSON.stringify(["EVENT", event]));
      }),
  };
}

/** Writes regular events, pipelined. */
async function notes(writer: Writer): Promise<void> {
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      const event = aNote(writer.random);
      const answer = await writer.publish(event);
      if (answer?.accepted) keep(writer.ledger, event, "note");
      else refuseRefusal(answer);
    }),
  );
}

async function overHttp(http: string, ledger: Ledger, random: Random): Promise<void> {
  for (;;) {
    const event = aNote(random);
    const body = JSON.stringify(event);
    const response = await fetch(`${http}/api/v1/events`, { method: "POST", body }).catch(() => undefined);
    if (!response) return;
    const text = await response.text().catch(() => undefined);
    if (text === undefined) return;
    if (!response.ok) throw new Error(`HTTP ${response.status}: ${text}`);
    keep(ledger, event, "note over HTTP");
  }
}

/** Writes versions of replaceable and addressable events, in any order. */
async function versions(writer: Writer): Promise<void> {
  const { random, ledger } = writer;
  await Promise.all(
    Array.from({ length: IN_FLIGHT }, async () => {
      const kind = random() < 0.5 ? 10_002 : 30_023;
      const d = kind === 30_023 ? `d${Math.floor(random() * 8)}` : "";
      const event = sign(random, { kind, created_at: now() - Math.floor(random() * 1000), tags: [["d", d]] });
      const answer = await writer.publish(event);
      if (!answer?.accepted) return refuseRefusal(answer);
      const address = `${kind}:${event.pubkey}:${d}`;
      const [newest] = [event, ledger.versions.get(address) ?? event].toSorted(newestFirst);
      ledger.versions.set(address, newest as Event);
      count(ledger, "version");
    }),
  );
}

/** Deletes events by id and by address, and publishes one of them again. */
async function deletions(writer: Writer): Promise<void> {
  const { random, ledger } = writer;
  const name = `doomed-${random()}`;
  const key = KEYS[0] as Key;
  // The relay removes more than 100 events in steps.
  const size = random() < 0.2 ? 150 : 10;
  const named = Array.from({ length: size }, (_, n) =>
    sign(
      random,
      n < 5
        ? {
            tags: [
              ["t", "doomed"],
              ["e", ROOT],
            ],
          }
        : { kind: 30_023, tags: [["d", `${name}-${n}`]] },
      key,
    ),
  );
  await Promise.all(named.map((event) => writer.publish(event)));
  const tags = named.map(({ id, kind, pubkey }, n) =>
    kind === 30_023 ? ["a", `30023:${pubkey}:${name}-${n}`] : ["e", id],
  );
  const answer = await writer.publish(sign(random, { kind: 5, created_at: now() + 1, tags }, key));
  if (!answer?.accepted) return refuseRefusal(answer);
  for (const { id } of named) ledger.gone.add(id);
  count(ledger, "deletion");
  const again = await writer.publish(named[Math.floor(random() * size)] as Event);
  if (again?.accepted) throw new Error(`taken after it was deleted: ${again.message}`);
}

/** Writes notes by a new key and gift wraps for it, then lets the key vanish. */
async function vanishing(writer: Writer): Promise<void> {
  const { random, ledger } = writer;
  const key = randomKey();
  const { pubkey } = key;
  const left = Array.from({ length: 60 }, (_, n) =>
    n % 3 === 0 ? sign(random, { kind: 1059, tags: [["p", pubkey]] }) : aNote(random, key),
  );
  await Promise.all(left.map((event) => writer.publish(event)));
  const wish = sign(random, { kind: 62, created_at: now() + 1, tags: [["relay", "ALL_RELAYS"]] }, key);
  const answer = await writer.publish(wish);
  if (!answer?.accepted) return refuseRefusal(answer);
  for (const { id } of left) ledger.gone.add(id);
  ledger.vanished.set(pubkey, wish.created_at);
  keep(ledger, wish, "request to vanish");
  const again = await writer.publish(left[1] as Event);
  if (again?.accepted) throw new Error(`taken after its author vanished: ${again.message}`);
}

/** Writes notes that expire, and newest versions that expire. */
async function expiring(writer: Writer): Promise<void> {
  const { random, ledger } = writer;
  const expiresAt = now() + 2 + Math.floor(random() * 5);
  const expiration = ["expiration", String(expiresAt)];
  const d = `expiring-${random()}`;
  const [older, newer] = [now() - 5, now()].map((created_at, n) =>
    sign(random, { kind: 30_023, created_at, tags: [["d", d], ...(n === 1 ? [expiration] : [])] }, KEYS[1]),
  ) as [Event, Event];
  const some = [sign(random, { tags: [expiration, ["t", "expiring"]] }), newer];
  await Promise.all(
    some.map(async (event) => {
      const answer = await writer.publish(event);
      if (!answer?.accepted) return expiresAt > now() + 1 ? refuseRefusal(answer) : undefined;
      ledger.expiring.set(event.id, expiresAt);
      count(ledger, "expiring event");
      if (event !== newer) return undefined;
      ledger.gone.add(older.id);
      ledger.outlived.push({ older, expiresAt });
      return undefined;
    }),
  );
  // The newer version may have expired and been removed by now.
  const { older: late } = ledger.outlived[Math.floor(random() * ledger.outlived.length)] ?? { older };
  if (ledger.outlived.length > 0) await writer.publish(late);
}

/** Counts until the relay dies. The relay creates a counter when there are enough events. */
async function countUntilItDies(url: string, random: Random): Promise<void> {
  const socket = new WebSocket(url);
  const gone = new Promise((resolve) => socket.on("error", resolve).on("close", resolve));
  await Promise.race([gone, new Promise((open) => socket.once("open", open))]);
  while (socket.readyState === WebSocket.OPEN) {
    const answered = new Promise((answer) => socket.once("message", answer));
    socket.send(JSON.stringify(["COUNT", "c", { kinds: [7], "#e": [ROOT] }]));
    await Promise.race([gone, answered]);
    await new Promise((next) => setTimeout(next, 100 * random()));
  }
}

function aNote(random: Random, key?: Key): Event {
  const words = Array.from({ length: 4 }, () => WORDS[Math.floor(random() * WORDS.length)]);
  const tags = [
    ["e", ROOT],
    ["t", `topic-${Math.floor(random() * 5)}`],
  ];
  return sign(random, { kind: random() < 0.5 ? 1 : 7, content: words.join(" "), tags }, key);
}

let made = 0;

/** Signs an event. Never returns the same event twice. */
function sign(random: Random, draft: Partial<Event>, key = KEYS[Math.floor(random() * KEYS.length)]): Event {
  const template = { kind: 1, created_at: now(), content: "", ...draft };
  const tags = [...(draft.tags ?? []), ["nr", String((made += 1))]];
  return signed(key as Key, { ...template, tags });
}

function keep(ledger: Ledger, event: Event, what: string): void {
  ledger.kept.set(event.id, event);
  count(ledger, what);
}

function count(ledger: Ledger, what: string): void {
  ledger.acknowledged += 1;
  ledger.counts[what] = (ledger.counts[what] ?? 0) + 1;
}

/** Throws if the relay refused the event. A dying relay gives no answer; `error:` means that it could not store. */
function refuseRefusal(answer: { message: string } | undefined): void {
  if (answer && !answer.message.startsWith("error:")) throw new Error(`refused: ${answer.message}`);
}

export function now(): number {
  return Math.floor(Date.now() / 1000);
}
