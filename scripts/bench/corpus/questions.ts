/** What clients ask, with the answers that the stored events must give. */
import type { People } from "./people.ts";
import { type Filter, type Oracle, type Stored } from "./oracle.ts";
import { pick, type Random, seeded } from "./random.ts";
import { HASHTAGS, WORDS } from "./text.ts";
import { KIND } from "./traffic.ts";

export interface Question {
  verb: "REQ" | "COUNT";
  filter: Filter;
  /** Ids of all stored events that may be in the answer, newest first. */
  ids: string[];
  /**
   * What the answer must be. exact: these ids, in this order. some: up to the limit of them, in any order, as a search may
   * answer. open: about as many as the limit, because events are published and replaced meanwhile.
   */
  answer: "exact" | "some" | "open";
}

const { note, repost, reaction, profile, article } = KIND;
/** Words by how often they occur. */
const COMMON = { from: 5, to: 40 };
const RARE = { from: 2000, to: 5000 };
const DIFFERENT = 100;

interface Draw {
  random: Random;
  people: People;
  notes: Stored[];
  /** Notes to which there are replies or reactions. */
  answered: Stored[];
  articles: Stored[];
  all: readonly Stored[];
}

type Maker = (draw: Draw) => Filter;

const person = ({ random, people }: Draw) => people.draw(random).pubkey;

const REQS = {
  home300: ({ random, people }) => ({ kinds: [note, repost], authors: people.some(random, 300), limit: 50 }),
  home40: ({ random, people }) => ({ kinds: [note, repost], authors: people.some(random, 40), limit: 50 }),
  thread: ({ random, answered }) => ({ kinds: [note], "#e": [pick(random, answered).id] }),
  profiles: ({ random, people }) => ({ kinds: [profile], authors: people.some(random, 50) }),
  notifications: (draw) => ({ kinds: [note, repost, reaction], "#p": [person(draw)], limit: 100 }),
  hashtag: ({ random }) => ({ kinds: [note], "#t": [pick(random, HASHTAGS.slice(0, 100))], limit: 50 }),
  ids: ({ random, all }) => ({ ids: Array.from({ length: 20 }, () => pick(random, all).id) }),
  author: (draw) => ({ kinds: [note], authors: [person(draw)], limit: 50 }),
  address: ({ random, articles }) => addressOf(pick(random, articles)),
  newest500: (draw) => ({ limit: 500, until: among(draw, 0, 0.1).created_at }),
  "newest500-same": () => ({ limit: 500 }),
  "search-rare": ({ random }) => searched(random, RARE),
  "search-common": ({ random }) => searched(random, COMMON),
} as const satisfies Record<string, Maker>;

const COUNTS = {
  count: ({ random, answered }) => ({ kinds: [note], "#e": [pick(random, answered).id] }),
  "count-big": (draw) => ({ kinds: [note], since: among(draw, 0.9, 1).created_at }),
} as const satisfies Record<string, Maker>;

export const ASKED = [...Object.keys(REQS), ...Object.keys(COUNTS)];

/** Returns up to 100 different questions of this name. */
export function questionsOf(name: string, oracle: Oracle, people: People): Question[] {
  const isCount = name in COUNTS;
  const make: Maker | undefined = { ...REQS, ...COUNTS }[name as keyof typeof REQS];
  if (!make) throw new Error(`there are no questions with the name ${name}`);
  const draw = drawFrom(oracle, people);
  const filters = new Map<string, Filter>();
  for (let tries = 0; tries < 2 * DIFFERENT && filters.size < DIFFERENT; tries += 1) {
    const filter = make(draw);
    filters.set(JSON.stringify(filter), filter);
  }
  return [...filters.values()].map((filter) => ({
    verb: isCount ? "COUNT" : "REQ",
    filter,
    ids: oracle.ids(filter.search === undefined ? filter : { ...filter, limit: Infinity }),
    answer: filter.search === undefined ? "exact" : "some",
  }));
}

/** Returns what each of so many users asks first: for the newest events that name them. */
export function firstQuestions(oracle: Oracle, people: People, count: number): Question[] {
  const kinds: number[] = [note, repost, reaction];
  const limit = 20;
  const byPerson = new Map<string, string[]>(people.all.map(({ pubkey }) => [pubkey, []]));
  for (const { id, kind, tags } of oracle.events) {
    if (!kinds.includes(kind)) continue;
    for (const pubkey of new Set(tags.flatMap(([name, value = ""]) => (name === "p" ? [value] : [])))) {
      const ids = byPerson.get(pubkey);
      if (ids && ids.length < limit) ids.push(id);
    }
  }
  return Array.from({ length: count }, (_, n): Question => {
    const { pubkey = "" } = people.all[n % people.all.length] ?? {};
    const filter = { kinds, "#p": [pubkey], limit };
    return { verb: "REQ", filter, ids: byPerson.get(pubkey) ?? [], answer: "exact" };
  });
}

function drawFrom({ events }: Oracle, people: People): Draw {
  const mentioned = new Set<string>();
  for (const { kind, tags } of events) {
    if (kind !== note) continue;
    for (const [name, value = ""] of tags) if (name === "e") mentioned.add(value);
  }
  const notes = events.filter(({ kind }) => kind === note);
  return {
    random: seeded(3),
    people,
    notes,
    answered: notes.filter(({ id }) => mentioned.has(id)),
    articles: events.filter(({ kind }) => kind === article),
    all: events,
  };
}

/** Draws one of these events, for example of the newest tenth: from 0 to 0.1. */
function among({ random, all }: Draw, from: number, to: number): Stored {
  return pick(random, all.slice(Math.floor(from * all.length), Math.ceil(to * all.length)));
}

function addressOf({ pubkey, tags }: Stored): Filter {
  const d = tags.find(([name]) => name === "d")?.[1] ?? "";
  return { kinds: [article], authors: [pubkey], "#d": [d] };
}

function searched(random: Random, { from, to }: { from: number; to: number }): Filter {
  return { kinds: [note], search: pick(random, WORDS.slice(from, to)), limit: 50 };
}
