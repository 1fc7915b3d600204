/** Generates events and filters from a seed. Values come from small pools, so that many match. Signatures are not real. */
import { eventId, type Event } from "../../nostr/event.ts";
import type { WireFilter } from "./matcher.ts";

export type Random = () => number;

/** Returns a random generator (mulberry32) that gives the same numbers for the same seed. */
export function seeded(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const KINDS = [
  0, 1, 3, 5, 7, 41, 45, 999, 1000, 10_002, 19_999, 20_001, 30_000, 30_023, 39_999, 40_000, 65_535,
];
const WORDS = [
  "",
  "nostr",
  "a",
  'quo"te',
  "back\\slash",
  "nul\u0000in",
  "línea\nnueva",
  "日本語",
  "🦤",
  "null",
  "e",
];
const CONTENTS = [
  "",
  "hello",
  'say "hi"',
  "tab\tnew\nline",
  "nul\u0000nul",
  "日本語のテキスト",
  "\u2028\u0001",
  "🦤🦤",
];
export const PUBKEYS = Array.from({ length: 6 }, (_, n) => hex(n + 1));
export const IDS = Array.from({ length: 5 }, (_, n) => hex(1000 + n));

export function anEvent(random: Random): Event {
  const draft = {
    pubkey: pick(random, PUBKEYS),
    created_at: 1_700_000_000 + Math.floor(random() * 40),
    kind: pick(random, KINDS),
    tags: Array.from({ length: Math.floor(random() * 5) }, () => aTag(random)),
    content: pick(random, CONTENTS) + (random() < 0.5 ? String(Math.floor(random() * 1000)) : ""),
  };
  return { ...draft, id: eventId(draft), sig: "ab".repeat(64) };
}

export function aFilter(random: Random, events: Event[]): WireFilter {
  const filter: WireFilter = {};
  const some = <T>(make: () => T, most = 4) => Array.from({ length: Math.ceil(random() * most) }, make);
  const maybe = (chance: number, then: () => void) => random() < chance && then();
  maybe(0.1, () => (filter.ids = some(() => pick(random, events).id, 8)));
  maybe(0.4, () => (filter.authors = some(() => pick(random, PUBKEYS))));
  maybe(0.4, () => (filter.kinds = some(() => pick(random, KINDS), 6)));
  maybe(0.2, () => (filter["#e"] = some(() => pick(random, IDS))));
  maybe(0.15, () => (filter["#p"] = some(() => pick(random, PUBKEYS))));
  maybe(0.2, () => (filter["#t"] = some(() => pick(random, WORDS))));
  maybe(0.1, () => (filter["#d"] = some(() => pick(random, WORDS))));
  maybe(0.05, () => (filter["#R"] = some(() => pick(random, WORDS))));
  maybe(0.2, () => (filter.since = aTime(random)));
  maybe(0.2, () => (filter.until = aTime(random)));
  maybe(0.6, () => (filter.limit = Math.floor(random() * 30)));
  maybe(0.02, () => (filter[pick(random, ["ids", "authors", "kinds", "#t"])] = []));
  return filter;
}

function aTag(random: Random): string[] {
  const roll = random();
  if (roll < 0.3) return ["e", pick(random, IDS), "wss://relay"];
  if (roll < 0.5) return ["p", pick(random, PUBKEYS)];
  if (roll < 0.6) return ["d", pick(random, WORDS)];
  if (roll < 0.8) return ["t", pick(random, WORDS)];
  if (roll < 0.85) return ["R", pick(random, WORDS)];
  if (roll < 0.9) return [pick(random, ["d", "e", "t"])];
  return [pick(random, ["title", "", "tt"]), pick(random, WORDS)];
}

function aTime(random: Random): number {
  const roll = random();
  if (roll < 0.05) return 0;
  if (roll < 0.1) return Number.MAX_SAFE_INTEGER;
  return 1_700_000_000 + Math.floor(random() * 40);
}

export function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}

function hex(n: number): string {
  return n.toString(16).padStart(8, "0").repeat(8);
}
