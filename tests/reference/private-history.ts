/** Generates histories with private events between public ones, and queries of a stranger about them. */
import * as fc from "fast-check";
import { eventId, type Event } from "../../nostr/event.ts";
import { AUTHORS } from "../fixtures/signed-events.ts";

export interface History {
  publicEvents: Event[];
  privateEvents: Event[];
  /** True where a public event is next, false where a private one is. */
  order: boolean[];
}

export type Question =
  | { via: "http"; path: string }
  /** `ending` has the messages that end the query. */
  | { via: "websocket"; message: [string, ...unknown[]]; ending: [string, ...unknown[]][] };

const START = 1_690_000_000;
/** The authors and recipients of private events. The third author only asks. */
const INVOLVED = AUTHORS.filter((_, n) => n !== 2);
const WORDS = ["apple", "pear", "plum"];
const PUBLIC_KINDS = [0, 1, 1, 1, 3, 7, 30_023];
const PRIVATE_KINDS = [4, 1059, 1059, 10_013, 31_234];
const ALL_KINDS = [...new Set([...PUBLIC_KINDS, ...PRIVATE_KINDS, 21_059])];

/** Times at very different distances, so that the rate of events varies. */
const aTime = fc.oneof(
  fc.integer({ min: 0, max: 50 }),
  fc.integer({ min: 0, max: 100_000 }),
  fc.integer({ min: 0, max: 9_000_000 }),
);
const anAuthor = fc.constantFrom(...INVOLVED);
const anyAuthor = fc.constantFrom(...AUTHORS);
const aWord = fc.constantFrom(...WORDS);

function anEventOf(kinds: number[], people: fc.Arbitrary<string>): fc.Arbitrary<Event> {
  return fc
    .record({
      pubkey: people,
      kind: fc.constantFrom(...kinds),
      at: aTime,
      p: fc.array(people, { maxLength: 2 }),
      t: fc.array(aWord, { maxLength: 2 }),
      d: aWord,
      content: fc.array(aWord, { maxLength: 4 }),
      expires: fc.option(fc.boolean(), { freq: 9 }),
      salt: fc.nat(),
    })
    .map(({ pubkey, kind, at, p, t, d, content, expires, salt }) => {
      const tags = [
        ["d", d],
        ...p.map((value) => ["p", value]),
        ...t.map((value) => ["t", value]),
        ...(expires === null ? [] : [["expiration", String(expires ? START : START + 1_000_000_000)]]),
        ["salt", String(salt)],
      ];
      const draft = { pubkey, kind, created_at: START + at, tags, content: content.join(" ") };
      return { ...draft, id: eventId(draft), sig: "ab".repeat(64) };
    });
}

export const aHistory: fc.Arbitrary<History> = fc
  .record({
    publicEvents: fc.array(anEventOf(PUBLIC_KINDS, anyAuthor), { minLength: 1, maxLength: 300, size: "max" }),
    privateEvents: fc.array(anEventOf(PRIVATE_KINDS, anAuthor), {
      minLength: 1,
      maxLength: 300,
      size: "max",
    }),
    order: fc.array(fc.boolean(), { maxLength: 400, size: "max" }),
    deleted: fc.array(fc.nat(), { maxLength: 10 }),
  })
  .map(({ publicEvents, privateEvents, order, deleted }) => {
    // The deletion of a private event is public.
    const deletions = deleted.map((n) => {
      const { pubkey, id, created_at } = privateEvents[n % privateEvents.length]!;
      const draft = { pubkey, kind: 5, created_at: created_at + 1, tags: [["e", id]], content: "" };
      return { ...draft, id: eventId(draft), sig: "ab".repeat(64) };
    });
    return { publicEvents: [...publicEvents, ...deletions], privateEvents, order };
  });

/** Returns all events in one order that keeps the order of the public ones. */
export function interleaved({ publicEvents, privateEvents, order }: History): Event[] {
  const [open, hidden] = [[...publicEvents], [...privateEvents]];
  const all: Event[] = [];
  for (let n = 0; open.length > 0 || hidden.length > 0; n += 1) {
    const next = order[n % Math.max(1, order.length)] ? open : hidden;
    all.push(next.shift() ?? open.shift() ?? hidden.shift()!);
  }
  return all;
}

function someOf<T>(one: fc.Arbitrary<T>, most = 4): fc.Arbitrary<T[]> {
  return fc.uniqueArray(one, { minLength: 1, maxLength: most });
}

function conditionsOf({ publicEvents, privateEvents }: History) {
  const ids = [...publicEvents, ...privateEvents].map(({ id }) => id);
  return {
    ids: someOf(fc.constantFrom(...ids, "ab".repeat(32))),
    authors: someOf(anyAuthor),
    kinds: someOf(fc.constantFrom(...ALL_KINDS)),
    "#p": someOf(anyAuthor),
    "#t": someOf(aWord),
    "#d": someOf(aWord),
    since: aTime.map((at) => START + at),
    until: aTime.map((at) => START + at),
    limit: fc.integer({ min: 0, max: 100 }),
  };
}

function aFilter(history: History, isSearch: boolean): fc.Arbitrary<object> {
  const { ids, ...conditions } = conditionsOf(history);
  const searches = someOf(aWord, 2).map((words) => words.join(" "));
  return fc.oneof(
    { weight: 1, arbitrary: fc.record({ ids, ...conditions }, { requiredKeys: ["ids"] }) },
    { weight: 6, arbitrary: fc.record(conditions, { requiredKeys: [] }) },
    { weight: 4, arbitrary: fc.record(conditions, { requiredKeys: ["authors", "kinds"] }) },
    ...(isSearch
      ? [
          {
            weight: 2,
            arbitrary: fc.record({ search: searches, ...conditions }, { requiredKeys: ["search"] }),
          },
        ]
      : []),
  );
}

export function aQuestion(history: History): fc.Arbitrary<Question> {
  const filters = fc.array(aFilter(history, true), { minLength: 1, maxLength: 3 });
  const ids = [...history.publicEvents, ...history.privateEvents].map(({ id }) => id);
  const query = fc
    .record(
      {
        filter: aFilter(history, true),
        order: fc.constantFrom("asc", "desc"),
        keyword: aWord,
      },
      { requiredKeys: ["filter"] },
    )
    .map(({ filter, ...others }) => queryText({ ...filter, ...others }));
  return fc.oneof(
    filters.map((some): Question => ({
      via: "websocket",
      message: ["REQ", "q", ...some],
      ending: [["CLOSE", "q"]],
    })),
    filters.map((some): Question => ({ via: "websocket", message: ["COUNT", "q", ...some], ending: [] })),
    aFilter(history, false).map((filter): Question => ({
      via: "websocket",
      message: ["NEG-OPEN", "q", filter, "6100000200"],
      ending: [
        ["NEG-MSG", "q", "6100000200"],
        ["NEG-CLOSE", "q"],
      ],
    })),
    query.map((text): Question => ({ via: "http", path: `/api/v1/events?${text}` })),
    query.map((text): Question => ({ via: "http", path: `/api/v1/events/count?${text}` })),
    fc.constantFrom(...ids).map((id): Question => ({ via: "http", path: `/api/v1/events/${id}` })),
  );
}

/** Returns a filter as query parameters of the HTTP API (docs/http.md). */
function queryText(fields: Record<string, unknown>): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(fields)) search.append(name.replace("#", "tag."), String(value));
  return search.toString();
}

export function describeQuestion(question: Question): string {
  return JSON.stringify(question);
}
