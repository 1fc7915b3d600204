/** NIP-77 with a whole hub. The client is the implementation of nostr-tools. */
import { oneStep } from "../fixtures/steps.ts";
import { bytesToHex } from "@noble/hashes/utils.js";
import { nip77 } from "nostr-tools";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Event } from "../../nostr/event.ts";
import type { Hub } from "../../relay/session/hub.ts";
import type { Store } from "../../store/store.ts";
import { billedSqlite } from "../fixtures/billed-sqlite.ts";
import { type Client, connect, eventsIn, type Frame, NOW, openRelay, type Relay } from "../fixtures/hubs.ts";
import { PUBKEYS, seeded } from "../reference/generators.ts";
import type { WireFilter } from "../reference/matcher.ts";

const [ALICE = "", BOB = "", CAROL = ""] = PUBKEYS;
const random = seeded(77);

/** The message of a client that has no events. The answer lists all ids. */
const NOTHING = "6100000200";

let relay: Relay;
let hub: Hub;
let now: number;

beforeEach(() => start());
afterEach(() => relay.close());

function start(settings: Record<string, string> = {}): void {
  now = NOW;
  relay = openRelay(settings);
  hub = relay.hub("a", { now: () => now });
}

describe("[36] both sides learn what they lack", () => {
  for (const size of [0, 1, 1000, Number(process.env.RECORDS ?? 20_000)]) {
    for (const perSecond of [4, 100_000]) {
      it(`${size} events in common, ${perSecond} in the same second`, async () => {
        const common = notes(size, perSecond);
        // Each side has some events that the other lacks, anywhere in the order.
        const ours = notes(60, perSecond);
        const theirs = notes(50, perSecond);
        await store([...common, ...ours]);
        const client = connect(hub);
        expect(await sync(client, {}, [...common, ...theirs])).toMatchObject({
          have: idsOf(theirs),
          need: idsOf(ours),
        });
        if (size > 1000) return;
        expect(await sync(client, {}, common)).toMatchObject({ have: [], need: idsOf(ours) });
        expect(await sync(client, {}, [...common, ...ours])).toMatchObject({ have: [], need: [] });
        expect(await sync(client, {}, [...common, ...ours, ...theirs])).toMatchObject({
          have: idsOf(theirs),
          need: [],
        });
      }, 120_000);
    }
  }

  it("whatever one of them has that the other has not, in frames of the size that is set", async () => {
    relay.close();
    start({ MAX_MESSAGE_LENGTH: "16384" });
    const [common, ours, theirs] = [notes(700, 4), notes(900, 4), notes(800, 4)];
    await store([...common, ...ours]);
    const client = connect(hub);
    const { have, need, rounds } = await sync(client, {}, [...common, ...theirs], 8000);
    expect([have, need]).toEqual([idsOf(theirs), idsOf(ours)]);
    expect(rounds).toBeGreaterThan(5);
    const lengths = client.frames.map((frame) => JSON.stringify(frame).length);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(16_384);
    expect(Math.max(...lengths)).toBeGreaterThan(12_000);
  });

  it("of what a filter matches, and with a limit of the newest that it matches", async () => {
    const events = notes(20, 4);
    const others = notes(5, 4, { kind: 7 });
    await store([...events, ...others]);
    const client = connect(hub);
    expect((await sync(client, { kinds: [7] }, [])).need).toEqual(idsOf(others));
    expect((await sync(client, { kinds: [] }, [])).need).toEqual([]);
    for (const limit of [0, 1, 3, 20, 21]) {
      const filter = { kinds: [1], limit };
      expect((await sync(client, filter, [])).need, `limit ${limit}`).toEqual(await asked(client, filter));
    }
  });
});

describe("[36] the reader's view", () => {
  const dm = note(1, { kind: 4, pubkey: ALICE, tags: [["p", BOB]] });
  const wrap = note(2, { kind: 1059, pubkey: CAROL, tags: [["p", BOB]] });
  const expired = note(3, { tags: [["expiration", String(NOW - 1)]] });
  const expiring = note(4, { tags: [["expiration", String(NOW + 1)]] });
  const open = note(5);

  beforeEach(() => store([dm, wrap, expired, expiring, open]));

  it.each([
    ["a stranger", [], [expiring, open]],
    ["who wrote the message", [ALICE], [dm, expiring, open]],
    ["whom it is for", [BOB], [dm, wrap, expiring, open]],
    ["who signed the gift wrap", [CAROL], [expiring, open]],
    ["who has proven two keys", [CAROL, ALICE], [dm, expiring, open]],
  ])("%s is told of what a REQ would be answered with", async (_who, keys, visible) => {
    const client = connect(hub);
    for (const key of keys) client.session.authenticate(key);
    expect((await sync(client, {}, [])).need).toEqual(idsOf(visible));
    const private_ = { kinds: [1, 4, 1059, 21_059] };
    expect((await sync(client, private_, [])).need).toEqual(idsOf(visible));
    expect((await sync(client, private_, [])).need).toEqual(await asked(client, private_));
    // A fingerprint does not reveal them either: a client that has them gets the same answer.
    expect((await sync(client, {}, [dm, wrap, expired, expiring, open])).need).toEqual([]);
  });

  it("what has expired by the time of opening is not in it", async () => {
    now += 1;
    expect((await sync(connect(hub), {}, [])).need).toEqual(idsOf([open]));
  });

  it("asking for private messages only needs a key", async () => {
    const client = connect(hub);
    await client.say("NEG-OPEN", "n", { kinds: [4, 1059] }, NOTHING);
    expect(client.take()).toEqual([["NEG-ERR", "n", expect.stringMatching(/^auth-required: .+/)]]);
    client.session.authenticate(CAROL);
    expect((await sync(client, { kinds: [4, 1059] }, [])).need).toEqual([]);
  });

  it("a search is refused, never left out", async () => {
    const client = connect(hub);
    await client.say("NEG-OPEN", "n", { search: "x" }, NOTHING);
    expect(client.take()).toEqual([["NEG-ERR", "n", expect.stringMatching(/^unsupported: .+/)]]);
  });
});

describe("[36] what ends a reconciliation", () => {
  it("more events than MAX_SYNC_EVENTS, which the answer names", async () => {
    relay.close();
    start({ MAX_SYNC_EVENTS: "10" });
    await store(notes(11, 4));
    const client = connect(hub);
    await client.say("NEG-OPEN", "n", {}, NOTHING);
    expect(client.take()).toEqual([["NEG-ERR", "n", "blocked: this query is too big", 10]]);
    await client.say("NEG-OPEN", "n", { limit: 11 }, NOTHING);
    expect(client.take()[0]?.[2]).toMatch(/^blocked: /);
    expect((await sync(client, { limit: 10 }, [])).need).toHaveLength(10);
  });

  it("a message that is malformed, and nothing else suffers", async () => {
    const events = notes(40, 4);
    await store(events);
    const client = connect(hub);
    for (let tried = 0; tried < 500; tried += 1) {
      const noise = Array.from({ length: Math.floor(random() * 40) }, () => Math.floor(random() * 256));
      const hex = bytesToHex(Uint8Array.of(0x61, ...noise));
      await client.say("NEG-OPEN", "n", {}, hex);
      const [opened, more] = client.take();
      await client.say("NEG-MSG", "n", hex.slice(0, 2 * tried));
      const [answer, evenMore] = client.take();
      expect([opened, answer, more, evenMore].map(summary)).toEqual([
        expect.stringMatching(/^(NEG-MSG|NEG-ERR invalid)$/),
        expect.stringMatching(/^(NEG-MSG|NEG-ERR (invalid|closed))$/),
        "nothing",
        "nothing",
      ]);
    }
    expect((await sync(client, {}, [])).need).toEqual(idsOf(events));
    expect(relay.reported).toEqual([]);
  });

  it("an unknown version does not: the answer is the one that is spoken here", async () => {
    const client = connect(hub);
    await client.say("NEG-OPEN", "n", {}, "62aabbcc");
    await client.say("NEG-MSG", "n", NOTHING);
    expect(client.take()).toEqual([
      ["NEG-MSG", "n", "61"],
      ["NEG-MSG", "n", NOTHING],
    ]);
  });

  it("the hub's sleep, NEG-CLOSE and an error: the next message is told that it is closed", async () => {
    const client = connect(hub);
    const isClosed = async (by: Client) => {
      await by.say("NEG-MSG", "n", NOTHING);
      expect(by.take()).toEqual([["NEG-ERR", "n", expect.stringMatching(/^closed: .+/)]]);
    };
    await isClosed(client);
    await client.say("NEG-OPEN", "n", {}, NOTHING);
    await client.say("NEG-CLOSE", "n");
    expect(client.take()).toEqual([["NEG-MSG", "n", NOTHING]]);
    await isClosed(client);
    await client.say("NEG-OPEN", "n", {}, NOTHING);
    await client.say("NEG-MSG", "n", "not hex");
    expect(client.take()[1]?.[2]).toMatch(/^invalid: /);
    await isClosed(client);
    await client.say("NEG-OPEN", "n", {}, NOTHING);
    // The same connection, after its hub has been out of memory.
    await isClosed(connect(relay.hub("a")));
  });

  it("a minute of silence, as soon as anybody reconciles again", async () => {
    const [silent, other] = [connect(hub), connect(hub)];
    await silent.say("NEG-OPEN", "n", {}, NOTHING);
    await other.say("NEG-OPEN", "n", {}, NOTHING);
    now += 50;
    await other.say("NEG-MSG", "n", NOTHING);
    now += 11;
    await other.say("NEG-MSG", "n", NOTHING);
    expect(other.take().map(([verb]) => verb)).toEqual(["NEG-MSG", "NEG-MSG", "NEG-MSG"]);
    expect(silent.take()).toEqual([
      ["NEG-MSG", "n", NOTHING],
      ["NEG-ERR", "n", "closed: you took too long to respond"],
    ]);
  });

  it("a store that fails: an error, and the next one goes on", async () => {
    const broken = new Error("no database");
    let isBroken = true;
    hub = withRecords((...asked) =>
      isBroken ? oneStep<never>(() => Promise.reject(broken)) : relay.store.records(...asked),
    );
    const client = connect(hub);
    await client.say("NEG-OPEN", "n", {}, NOTHING);
    expect(client.take()).toEqual([["NEG-ERR", "n", expect.stringMatching(/^error: .+/)]]);
    expect(relay.reported).toEqual([broken]);
    isBroken = false;
    await client.say("NEG-OPEN", "n", {}, NOTHING);
    expect(client.take()).toEqual([["NEG-MSG", "n", NOTHING]]);
  });
});

it("[36] a failure that cannot even be told holds up nobody else", async () => {
  let isBroken = true;
  const records: Store["records"] = (...asked) =>
    isBroken ? oneStep<never>(() => Promise.reject(new Error("no database"))) : relay.store.records(...asked);
  const report = () => {
    throw new Error("no log");
  };
  hub = relay.hub("a", { store: { ...relay.store, records }, report });
  const client = connect(hub);
  await expect(client.say("NEG-OPEN", "n", {}, NOTHING)).rejects.toThrow("no log");
  isBroken = false;
  await client.say("NEG-OPEN", "n", {}, NOTHING);
  expect(client.take()).toEqual([["NEG-MSG", "n", NOTHING]]);
});

describe("[36] names and bounds", () => {
  it("names are apart from those of REQs", async () => {
    const client = connect(hub);
    await client.say("REQ", "n", {});
    await client.say("NEG-OPEN", "n", {}, NOTHING);
    await client.say("NEG-CLOSE", "n");
    expect(client.session.subscriptions.has("n")).toBe(true);
    await client.say("NEG-OPEN", "n", {}, NOTHING);
    await client.say("CLOSE", "n");
    client.take();
    await client.say("NEG-MSG", "n", NOTHING);
    expect(client.take()).toEqual([["NEG-MSG", "n", NOTHING]]);
  });

  it("a used name is opened anew; what was still being read is not answered", async () => {
    const [one, other] = [notes(1, 4), notes(1, 4, { kind: 7 })];
    await store([...one, ...other]);
    const client = connect(hub);
    await Promise.all([
      client.say("NEG-OPEN", "n", { kinds: [7] }, NOTHING),
      client.say("NEG-OPEN", "gone", {}, NOTHING),
      client.say("NEG-OPEN", "n", { kinds: [1] }, NOTHING),
      client.say("NEG-CLOSE", "gone"),
    ]);
    expect(client.take()).toEqual([["NEG-MSG", "n", `6100000201${one[0]?.id}`]]);
    expect((await sync(client, { kinds: [7] }, [])).need).toEqual(idsOf(other));
  });

  it("what is read when the connection has ended is let go of", async () => {
    const records = new Uint8Array(6_000_000);
    hub = withRecords(() => oneStep(() => records));
    const stays = connect(hub);
    await stays.say("NEG-OPEN", "n", {}, "61");
    for (const gone of [connect(hub), connect(hub), connect(hub)]) {
      const opening = gone.say("NEG-OPEN", "n", {}, "61");
      // The read has started and has not ended.
      await Promise.resolve();
      hub.close(gone.session);
      await opening;
      expect(gone.take()).toEqual([]);
    }
    await stays.say("NEG-MSG", "n", "61");
    expect(verbs(stays)).toEqual(["NEG-MSG", "NEG-MSG"]);
  });

  it("a connection holds ten", async () => {
    const client = connect(hub);
    for (let n = 0; n < 10; n += 1) await client.say("NEG-OPEN", `n${n}`, {}, NOTHING);
    await client.say("NEG-OPEN", "n9", {}, NOTHING);
    expect(client.take().every(([verb]) => verb === "NEG-MSG")).toBe(true);
    await client.say("NEG-OPEN", "n10", {}, NOTHING);
    expect(client.take()).toEqual([["NEG-ERR", "n10", expect.stringMatching(/^rate-limited: .+/)]]);
    await client.say("NEG-CLOSE", "n3");
    await client.say("NEG-OPEN", "n10", {}, NOTHING);
    expect(client.take()[0]?.[0]).toBe("NEG-MSG");
  });

  it("a hub holds 16 MB: the one that has not been used for the longest time makes room", async () => {
    const records = new Uint8Array(6_000_000);
    hub = withRecords(() => oneStep(() => records));
    const [a, b, c] = [connect(hub), connect(hub), connect(hub)];
    const skip = "61";
    await a.say("NEG-OPEN", "n", {}, skip);
    await b.say("NEG-OPEN", "n", {}, skip);
    await a.say("NEG-MSG", "n", skip);
    await c.say("NEG-OPEN", "n", {}, skip);
    expect(verbs(a)).toEqual(["NEG-MSG", "NEG-MSG"]);
    expect(b.take()).toEqual([
      ["NEG-MSG", "n", skip],
      ["NEG-ERR", "n", expect.stringMatching(/^closed: .+/)],
    ]);
    // The memory that a connection held is free when it ends.
    hub.close(c.session);
    await b.say("NEG-OPEN", "n", {}, skip);
    await a.say("NEG-MSG", "n", skip);
    expect([verbs(a), verbs(b)]).toEqual([["NEG-MSG"], ["NEG-MSG"]]);
  });

  it("the rows that a snapshot costs are counted", async () => {
    const billed = openRelay({}, billedSqlite());
    onTestFinished(() => billed.close());
    const asking = connect(billed.hub("b"));
    // The first read also loads the decisions of operators.
    await asking.say("NEG-OPEN", "n", {}, NOTHING);
    billed.metrics.take();
    await asking.say("NEG-OPEN", "n", {}, NOTHING);
    expect(billed.metrics.take()).toContainEqual({
      name: "d1_rows_read_total",
      labels: { source: "websocket" },
      amounts: [2],
    });
  });

  it("those who open some take turns: who opens one does not wait for all of somebody else's", async () => {
    const answered: string[] = [];
    hub = withRecords(() =>
      oneStep(async () => {
        await new Promise((resolve) => setTimeout(resolve, 1));
        return new Uint8Array();
      }),
    );
    const [much, little] = [connect(hub), connect(hub)];
    const open = async (name: string, client: Client, id: string) => {
      await client.say("NEG-OPEN", id, {}, NOTHING);
      answered.push(name);
    };
    const all = ["1", "2", "3", "4"].map((id) => open("much", much, id));
    await Promise.all([...all, open("little", little, "1")]);
    expect(answered).toEqual(["much", "little", "much", "much", "much"]);
  });

  it("snapshots are read one after the other", async () => {
    let [reading, most] = [0, 0];
    hub = withRecords(async function* (...asked) {
      reading += 1;
      most = Math.max(most, reading);
      const answer = yield* relay.store.records(...asked);
      reading -= 1;
      return answer;
    });
    const clients = [connect(hub), connect(hub), connect(hub)];
    await Promise.all(clients.map((client) => client.say("NEG-OPEN", "n", {}, NOTHING)));
    expect(clients.map(verbs)).toEqual([["NEG-MSG"], ["NEG-MSG"], ["NEG-MSG"]]);
    expect(most).toBe(1);
  });
});

function withRecords(records: Store["records"]): Hub {
  return relay.hub("a", { now: () => now, store: { ...relay.store, records } });
}

function summary(frame: Frame | undefined): string {
  const [verb = "nothing", , text] = frame ?? [];
  return verb === "NEG-ERR" ? `${verb} ${String(text).split(":")[0]}` : verb;
}

function verbs(client: Client): string[] {
  return client.take().map(([verb]) => verb);
}

async function store(events: Event[]): Promise<void> {
  for (let at = 0; at < events.length; at += 5000) await relay.store.commit(events.slice(at, at + 5000));
}

function note(created_at: number, fields: Partial<Event> = {}): Event {
  const id = bytesToHex(Uint8Array.from({ length: 32 }, () => Math.floor(random() * 256)));
  return { id, pubkey: ALICE, created_at, kind: 1, tags: [], content: "", sig: "ab".repeat(64), ...fields };
}

/** Returns notes from a fixed time on. */
function notes(count: number, perSecond: number, fields: Partial<Event> = {}): Event[] {
  return Array.from({ length: count }, (_, n) => note(1_700_000_000 + Math.floor(n / perSecond), fields));
}

function idsOf(events: Pick<Event, "id">[]): string[] {
  return events.map(({ id }) => id).toSorted();
}

/** Returns the ids that a REQ gets. */
async function asked(client: Client, filter: WireFilter): Promise<string[]> {
  await client.say("REQ", "q", filter);
  const ids = eventsIn(client.take()).map(([, id]) => id);
  await client.say("CLOSE", "q");
  return ids.toSorted();
}

/** Reconciles to the end, as a client that has these events. */
async function sync(client: Client, filter: WireFilter, events: Event[], frameSize = 60_000) {
  const storage = new nip77.NegentropyStorageVector();
  for (const { created_at, id } of events) storage.insert(created_at, id);
  storage.seal();
  const initiator = new nip77.Negentropy(storage, frameSize);
  const [have, need] = [new Set<string>(), new Set<string>()];
  let rounds = 0;
  let query: string | null = initiator.initiate();
  await client.say("NEG-OPEN", "sync", filter, query);
  for (;;) {
    rounds += 1;
    query = initiator.reconcile(
      answerIn(client.take()),
      (id) => have.add(id),
      (id) => need.add(id),
    );
    if (query === null || rounds === 100) break;
    await client.say("NEG-MSG", "sync", query);
  }
  await client.say("NEG-CLOSE", "sync");
  return { have: [...have].toSorted(), need: [...need].toSorted(), rounds };
}

function answerIn(frames: Frame[]): string {
  expect(frames).toEqual([["NEG-MSG", "sync", expect.any(String)]]);
  return frames[0]?.[2] as string;
}
