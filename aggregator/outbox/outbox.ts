/**
 * The outbox: the authors that some keys follow are pulled from the relays where they write (NIP-65). Once an hour their lists of relays
 * are read from the own store, asked for elsewhere where they are missing, and relays are chosen. Each becomes an upstream that is
 * asked only for its authors.
 */
import type { Event } from "../../nostr/event.ts";
import { followsIn, writeRelaysIn } from "../../nostr/outbox.ts";
import type { OutboxFound, OutboxUpdate } from "../../store/upstreams/outbox.ts";
import {
  DEFAULT_SETTINGS,
  keyOfFilter,
  type UpstreamSettings,
} from "../../store/upstreams/upstream-settings.ts";
import type { StoredUpstream } from "../../store/upstreams/upstreams.ts";
import { type Choice, chooseRelays, REDUNDANCY, type WriteRelays } from "./choice.ts";
import { authorsOf, cursorFor, filtersFor, MOST_AUTHORS_OF_UPSTREAM } from "./filters.ts";

const CONTACTS = 3;
const RELAY_LIST = 10_002;
/** Maximum number of relays that are chosen. Each that is due takes a job of the aggregator. */
const MOST_RELAYS = 50;
const MOST_AUTHORS = 5000;
/** Authors in one question, to the own store and to upstreams. */
const AUTHORS_AT_ONCE = 250;
/** Authors whose lists are asked for in one hour. Another hour asks for others. */
const MOST_ASKED = 1000;
/** Each of so many upstreams is asked for lists. */
const MOST_SOURCES = 2;
/** After so many failures in a row a relay is not counted on. It is still tried, and counts again when it answers. */
const FAILING = 10;
const HOUR = 3600;
/** Less than a minute, so that the next Cron finds it due. */
const SOON = 30;
/** So often in a row. An upstream that always has new lists does not make every minute a choice. */
const MOST_SOON = 10;
/** These upstreams are many, and seldom urgent. An operator can change it. */
const INTERVAL = 300;

export interface OutboxDeps {
  /** `soon`: see `OutboxFound`. Undefined if no choice is due. */
  begin(now: number): Promise<{ keys: string[]; upstreams: StoredUpstream[]; soon: number } | undefined>;
  /** Returns the newest stored event of these kinds of each of these authors. */
  read(kind: number, authors: readonly string[]): Promise<Event[]>;
  /** Asks an upstream for events of this kind and these authors and queues them. Returns how many are new. */
  fetch(url: string, questions: readonly ListQuestion[]): Promise<number>;
  end(
    updates: readonly OutboxUpdate[],
    result: { found: OutboxFound; begun: number; dueAt: number; now: number },
  ): Promise<void>;
  /** The address of this relay, which is never pulled. */
  own: string;
  /** The setting UPSTREAMS. */
  configured: readonly string[];
  /** Unix seconds. */
  now(): number;
  /** Logs why lists could not be had. */
  report(error: unknown): void;
}

export interface ListQuestion {
  kind: number;
  authors: string[];
}

/** Chooses the relays again if it is due. Call it once a minute. */
export async function refreshOutbox(deps: OutboxDeps): Promise<void> {
  const begun = deps.now();
  const work = await deps.begin(begun);
  if (!work) return;
  const { keys, upstreams } = work;
  const own = upstreams.filter(({ origin }) => origin === "outbox");
  const authors = await authorsFor(keys, own, deps);
  const { writeRelays, withoutList } = await writeRelaysOf(authors, own, deps);
  const fetched = await fetchLists({ keys, withoutList, upstreams }, deps);
  const choice = choose(writeRelays, upstreams, deps);
  const updates = updatesFor(choice.chosen, own, writeRelays);
  const now = deps.now();
  const isBusy = updates.some(({ url }) => own.some((one) => one.url === url && one.leasedUntil > now));
  const isSoon = (fetched > 0 || isBusy) && work.soon < MOST_SOON;
  const found = {
    ...foundIn(choice, { authors, withoutList, now }),
    ...(isSoon && { soon: work.soon + 1 }),
  };
  await deps.end(updates, { found, begun, dueAt: now + (isSoon ? SOON : HOUR), now });
}

/** Returns the keys and whom they follow. If a key's list is not stored, nobody who is pulled now is dropped. */
async function authorsFor(
  keys: readonly string[],
  own: readonly StoredUpstream[],
  deps: OutboxDeps,
): Promise<string[]> {
  if (keys.length === 0) return [];
  const lists = await deps.read(CONTACTS, keys);
  const kept = lists.length < keys.length ? own.flatMap(authorsOfUpstream) : [];
  const followed = lists.flatMap(followsIn);
  return [...new Set([...keys, ...followed, ...kept])].slice(0, MOST_AUTHORS);
}

function authorsOfUpstream({ settings }: StoredUpstream): string[] {
  return (settings?.filters ?? []).flatMap(authorsOf);
}

/** An author whose list is not stored stays where it is pulled now. */
async function writeRelaysOf(
  authors: readonly string[],
  own: readonly StoredUpstream[],
  deps: OutboxDeps,
): Promise<{ writeRelays: WriteRelays; withoutList: string[] }> {
  const lists = new Map<string, string[]>();
  for (const some of chunks(authors, AUTHORS_AT_ONCE))
    for (const event of await deps.read(RELAY_LIST, some)) lists.set(event.pubkey, writeRelaysIn(event));
  const withoutList = authors.filter((author) => !lists.has(author));
  const missing = new Set(withoutList);
  for (const one of own) {
    for (const author of authorsOfUpstream(one))
      if (missing.has(author)) lists.set(author, [...(lists.get(author) ?? []), one.url]);
  }
  return { writeRelays: lists, withoutList };
}

/** Asks upstreams for the contact lists of the keys, and for lists of relays that are missing. Returns how many came. */
async function fetchLists(
  { keys, withoutList, upstreams }: { keys: string[]; withoutList: string[]; upstreams: StoredUpstream[] },
  { fetch, configured, now, report }: OutboxDeps,
): Promise<number> {
  if (keys.length === 0) return 0;
  const hour = Math.floor(now() / HOUR);
  const asked = turned(withoutList, hour * MOST_ASKED).slice(0, MOST_ASKED);
  const questions = [
    { kind: CONTACTS, authors: keys },
    ...chunks(asked, AUTHORS_AT_ONCE).map((authors) => ({ kind: RELAY_LIST, authors })),
  ];
  let fetched = 0;
  for (const url of turned(sourcesIn(upstreams, configured), hour * MOST_SOURCES).slice(0, MOST_SOURCES)) {
    try {
      fetched += await fetch(url, questions);
    } catch (error) {
      report(error);
    }
  }
  return fetched;
}

/** Returns the upstreams that may have lists of anyone: those that an operator named. */
function sourcesIn(upstreams: readonly StoredUpstream[], configured: readonly string[]): string[] {
  const isUsable = ({ isPaused, settings }: StoredUpstream) => !isPaused && settings?.direction !== "out";
  const unusable = new Set(upstreams.filter((one) => !isUsable(one)).map(({ url }) => url));
  const named = upstreams.filter(({ origin }) => origin === "operator").map(({ url }) => url);
  return [...new Set([...configured, ...named])].filter((url) => !unusable.has(url));
}

/** Relays that an operator has added, paused or excluded are left as they are. */
function choose(
  writeRelays: WriteRelays,
  upstreams: readonly StoredUpstream[],
  { own, configured }: OutboxDeps,
): Choice {
  const current = new Set(upstreams.filter(({ origin }) => origin === "outbox").map(({ url }) => url));
  const left = upstreams.filter(
    ({ origin, isPaused, failures }) => origin !== "outbox" || isPaused || failures >= FAILING,
  );
  const excluded = new Set([own, ...configured, ...left.map(({ url }) => url)]);
  const partial = new Set(upstreams.filter((one) => !isWhole(one)).map(({ url }) => url));
  const whole = new Set(sourcesIn(upstreams, configured).filter((url) => !partial.has(url)));
  return chooseRelays(writeRelays, {
    most: MOST_RELAYS,
    mostAuthors: MOST_AUTHORS_OF_UPSTREAM,
    current,
    excluded,
    whole,
  });
}

function isWhole({ settings }: StoredUpstream): boolean {
  return settings?.filters.some((filter) => Object.keys(filter).length === 0) ?? false;
}

function updatesFor(
  chosen: ReadonlyMap<string, string[]>,
  own: readonly StoredUpstream[],
  writeRelays: WriteRelays,
): OutboxUpdate[] {
  const named = new Set([...writeRelays.values()].flat());
  const removed = own.filter(({ url, isPaused, failures }) => {
    const isKept = isPaused || (failures >= FAILING && named.has(url));
    return !chosen.has(url) && !isKept;
  });
  const changed = [...chosen].flatMap(([url, authors]) => {
    const found = own.find((one) => one.url === url);
    // Of a later version: it is not for this deployment to change.
    if (found && !found.settings) return [];
    return updateOf(url, authors, found) ?? [];
  });
  return [...removed.map(({ url }) => ({ do: "remove" as const, url })), ...changed];
}

/** Returns the new settings and cursor; undefined if they are as before. */
function updateOf(
  url: string,
  authors: readonly string[],
  found: StoredUpstream | undefined,
): OutboxUpdate | undefined {
  const before = found?.settings?.filters ?? [];
  const filters = filtersFor(authors, before);
  if (keysOf(filters) === keysOf(before)) return undefined;
  const others: UpstreamSettings = found?.settings ?? { ...DEFAULT_SETTINGS, interval: INTERVAL };
  const cursor = cursorFor(filters, before, found?.cursor ?? { version: 2, filters: {} });
  return { do: "put", url, settings: { ...others, filters }, cursor, pulls: found?.health.pulls ?? 0 };
}

function keysOf(filters: UpstreamSettings["filters"]): string {
  return filters.map(keyOfFilter).sort().join("\n");
}

function foundIn(
  { chosen, placed }: Choice,
  { authors, withoutList, now }: { authors: string[]; withoutList: string[]; now: number },
): OutboxFound {
  const numberOn = (least: number) => authors.filter((author) => (placed.get(author) ?? 0) >= least).length;
  return {
    version: 1,
    chosenAt: now,
    authors: authors.length,
    onOne: numberOn(1) - numberOn(REDUNDANCY),
    onNone: authors.length - numberOn(1),
    withoutList: withoutList.length,
    relays: chosen.size,
  };
}

function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, at) =>
    items.slice(at * size, (at + 1) * size),
  );
}

/** Returns the items beginning with another one, so that all have their turn. */
function turned<T>(items: readonly T[], by: number): T[] {
  const at = items.length === 0 ? 0 : by % items.length;
  return [...items.slice(at), ...items.slice(0, at)];
}
