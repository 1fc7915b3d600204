/** The part of the contract in tests/contract/store.ts that is about counting. */
import { expect, it } from "vitest";
import { eventId, type Event } from "../../nostr/event.ts";
import { isExpired } from "../../nostr/expiration.ts";
import { parseFilter } from "../../nostr/filter.ts";
import type { CountResult, Store, View } from "../../store/store.ts";
import { countAll } from "../fixtures/read-all.ts";
import { STRANGERS_VIEW } from "../fixtures/strangers.ts";
import { aFilter, anEvent, pick, type Random, seeded } from "../reference/generators.ts";
import { referenceHll } from "../reference/hyperloglog.ts";
import { matches, survivors, type WireFilter } from "../reference/matcher.ts";
import { noPause } from "../fixtures/no-pause.ts";

const START = 1_700_000_000;
const NOTE = "12".repeat(32);
const FOLLOWED = "9a".repeat(32);
const ARTICLE = `30023:${FOLLOWED}:a "b"`;
const PAGE = "https://example.com/ü";

/** A canonical filter of each shape, with each sort of value (NIP-45). */
const CANONICAL: WireFilter[] = [
  { "#e": [NOTE], kinds: [7] },
  { "#e": [NOTE], kinds: [6] },
  { "#e": [NOTE], kinds: [1] },
  { "#E": [PAGE], kinds: [1111] },
  { "#q": [ARTICLE], kinds: [1111, 1] },
  { "#p": [FOLLOWED], kinds: [3] },
];

export function describeCounting(store: () => Store): void {
  it("[33] counts what matches several filters once, and looks at no limit", async () => {
    const random = seeded(33);
    const events = Array.from({ length: 400 }, () => anEvent(random));
    await store().commit(events.filter(({ kind }) => kind < 20_000 || kind >= 30_000));
    const expected = survivors(events);
    let shared = 0;
    for (let tried = 0; tried < 150; tried += 1) {
      const filters = Array.from({ length: 1 + Math.floor(random() * 4) }, () => aFilter(random, events));
      const found = expected.filter((event) => filters.some((filter) => matches(filter, event)));
      const apart = filters.flatMap((filter) => expected.filter((event) => matches(filter, event)));
      if (apart.length > found.length) shared += 1;
      const { count, isEstimate } = await countOf(store(), filters);
      expect([count, isEstimate], JSON.stringify(filters)).toEqual([found.length, false]);
    }
    expect(shared).toBeGreaterThan(10);
  });

  it("[33] counts as many filters as a REQ can have", async () => {
    const random = seeded(100);
    const events = survivors(Array.from({ length: 50 }, () => anEvent(random)));
    await store().commit(events);
    const filters = Array.from({ length: 100 }, (_, n): WireFilter => ({
      ids: events.map(({ id }) => id),
      authors: events.map(({ pubkey }) => pubkey),
      since: n,
      until: START + 100,
    }));
    expect((await countOf(store(), filters)).count).toBe(events.length);
    expect((await countOf(store(), [])).count).toBe(0);
  });

  it("[33] counts with the reader's eyes: nothing private of others, nothing expired", async () => {
    const [reader, other] = ["aa".repeat(32), "bb".repeat(32)];
    const to = (pubkey: string, kind: number) => made({ kind, tags: [["p", pubkey]] });
    await store().commit([
      to(reader, 1059),
      to(other, 1059),
      to(other, 4),
      made({ kind: 4, pubkey: reader }),
      made({ tags: [["expiration", String(START + 10)]] }),
      made({}),
    ]);
    const count = async (filter: WireFilter, view: View) => (await countOf(store(), [filter], view)).count;
    const stranger = { keys: [], now: START };
    expect(await count({}, stranger)).toBe(2);
    expect(await count({}, { keys: [], now: START + 10 })).toBe(1);
    expect(await count({ kinds: [4, 1059] }, stranger)).toBe(0);
    expect(await count({ kinds: [4, 1059] }, { keys: [reader], now: START })).toBe(2);
    expect(await count({}, { keys: [reader, other], now: START })).toBe(6);
  });

  it("[33] counts what a search finds", async () => {
    const texts = ["red apples", "green apples", "red", "red apples, private"];
    const kinds = [1, 1, 7, 4];
    await store().commit(texts.map((content, n) => made({ content, kind: kinds[n]!, tags: [["t", "x"]] })));
    const count = async (...filters: WireFilter[]) => (await countOf(store(), filters)).count;
    expect(await count({ search: "apples" })).toBe(2);
    expect(await count({ search: "red apples" })).toBe(1);
    expect(await count({ search: "red", "#t": ["x"], kinds: [1] })).toBe(1);
    expect(await count({ search: "apples" }, { kinds: [1], search: "red" })).toBe(2);
    expect(await count({ search: "pears" })).toBe(0);
  });

  it("[34] gives no HyperLogLog for what is not one canonical filter", async () => {
    const [first, second] = CANONICAL;
    for (const filters of [
      [],
      [first!, second!],
      [first!, first!],
      [{ ...first, since: 0 }],
      [{ kinds: [7] }],
    ]) {
      expect(await countOf(store(), filters)).not.toHaveProperty("hll");
    }
    expect(await countOf(store(), [{ ...first, limit: 3 }])).toMatchObject({
      count: 0,
      hll: "00".repeat(256),
    });
  });

  it("[34] keeps count and registers right, whatever is stored, replaced, deleted or expires", async () => {
    expect(await liveThrough(store(), seeded(45))).toBeGreaterThan(25);
  });

  it("[34] loses nothing that is stored while the first count goes on", async () => {
    const random = seeded(34);
    const bundles = Array.from({ length: 8 }, () => Array.from({ length: 60 }, () => aMention(random)));
    const counting = bundles.flatMap(() => CANONICAL.map((filter) => countOf(store(), [filter])));
    const commits = await Promise.all(bundles.map((bundle) => store().commit(bundle)));
    await Promise.all(counting);
    expect(commits.flatMap(({ fates }) => fates).every(({ kind }) => kind === "stored")).toBe(true);
    await expectExact(store(), START);
  });
}

/**
 * Runs a random history and checks the counts after every step. Authors who set a register often disappear. Returns how many
 * have disappeared.
 */
async function liveThrough(store: Store, random: Random): Promise<number> {
  let gone = 0;
  let now = START;
  const authors = Array.from({ length: 400 }, () => aKey(random));
  const mention = () => ({ ...aMention(random), pubkey: pick(random, authors) });
  for (let n = 0; n < 3; n += 1) await store.commit(Array.from({ length: 120 }, () => remade(mention())));
  await expectExact(store, now);
  for (let step = 0; step < 20; step += 1) {
    const stored = await allEvents(store);
    const some = Array.from({ length: 1 + Math.floor(random() * 8) }, () => pick(random, stored));
    const { pubkey, created_at } = pick(random, some);
    const roll = random();
    if (roll < 0.3) {
      await store.commit(some.map((event) => remade({ ...mention(), pubkey: event.pubkey })));
    } else if (roll < 0.5) {
      // Newer versions by the same authors, perhaps without the tag.
      await store.commit(
        some.map((event) => remade({ ...mention(), ...event, created_at: event.created_at + 1 })),
      );
    } else if (roll < 0.75) {
      const tags = some.map(({ id }) => ["e", id]);
      const deletions = some.map((event) => made({ kind: 5, pubkey: event.pubkey, tags, created_at: now }));
      await store.commit([remade(mention()), ...deletions]);
    } else if (roll < 0.85) {
      await store.commit([made({ kind: 62, pubkey, created_at, tags: [["relay", "ALL_RELAYS"]] })]);
      await store.removeVanished(pubkey, noPause);
    } else {
      now += 10;
      if (random() < 0.5) await store.removeExpired(now, 5);
    }
    await expectExact(store, now);
    const left = new Set((await allEvents(store)).map(({ id }) => id));
    gone += stored.filter(({ id }) => !left.has(id)).length;
  }
  return gone;
}

async function expectExact(store: Store, now: number): Promise<void> {
  const visible = (await allEvents(store)).filter((event) => !isExpired(event, now));
  for (const filter of CANONICAL) {
    const authors = visible.filter((event) => matches(filter, event)).map(({ pubkey }) => pubkey);
    const hll = referenceHll(Object.values(filter).flat()[0] as string, authors);
    for (const time of ["first", "second"]) {
      const counted = await countOf(store, [filter], { keys: [], now });
      expect(counted, `${JSON.stringify(filter)}, ${time} time`).toMatchObject({
        count: authors.length,
        hll,
      });
    }
  }
}

async function allEvents(store: Store): Promise<Event[]> {
  return (await store.log(0, 10_000)).events.map(({ json }) => JSON.parse(json) as Event);
}

function countOf(store: Store, filters: WireFilter[], view = STRANGERS_VIEW): Promise<CountResult> {
  const countables = filters.map((wire) => {
    const parsed = parseFilter(wire);
    if (!parsed.ok) throw new Error(parsed.reason);
    return { filter: parsed.filter, view };
  });
  return countAll(store, countables);
}

/** Returns a random event that a canonical filter may match. Some of them expire. */
function aMention(random: Random): Event {
  const tags = [
    ["e", NOTE],
    ["e", NOTE, "wss://again"],
    ["E", PAGE],
    ["q", ARTICLE],
    ["p", FOLLOWED],
    ["p", "not hex"],
  ].filter(() => random() < 0.6);
  if (random() < 0.1) tags.push(["expiration", String(START + 1 + Math.floor(random() * 80))]);
  return made({
    pubkey: aKey(random),
    kind: pick(random, [1, 3, 6, 7, 1111, 1111]),
    created_at: START + Math.floor(random() * 40),
    tags,
    content: String(random()),
  });
}

/** Returns a key with more zero bytes than chance would give, so that registers get high values. */
function aKey(random: Random): string {
  const byte = () => (random() < 0.2 ? 0 : Math.floor(random() * 256));
  return Array.from({ length: 32 }, () => byte().toString(16).padStart(2, "0")).join("");
}

let count = 0;
function made(fields: Partial<Event>): Event {
  count += 1;
  const draft = {
    pubkey: "01".repeat(32),
    created_at: START,
    kind: 1,
    tags: [],
    content: `${count}`,
    ...fields,
  };
  return remade({ ...draft, id: "", sig: "ab".repeat(64) });
}

function remade(event: Event): Event {
  return { ...event, id: eventId(event) };
}
