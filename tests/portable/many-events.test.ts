/**
 * What each kind of question looks at when very many events are stored. `STORED=1000000 npx vitest run --project portable
 * tests/portable/many-events.test.ts` stores a million, and prints the rows.
 */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { MOST_LOOKED } from "../../relay/reads.ts";
import { type HttpApi, openHttpApi } from "../fixtures/http-api.ts";
import { type Client, connect, NOW, openRelay, type Relay } from "../fixtures/hubs.ts";
import { LookedSqlite } from "../fixtures/looked-sqlite.ts";
import { matches, type WireFilter } from "../reference/matcher.ts";

const STORED = Number(process.env["STORED"] ?? 5000);
const IS_LARGE = STORED > 100_000;
const MINUTES = 30 * 60_000;

const hex = (n: number, length = 64) => n.toString(16).padStart(length, "0");
const AUTHORS = Array.from({ length: 500 }, (_, n) => hex(n + 1));
const STRANGERS = Array.from({ length: 1000 }, (_, n) => hex(n + 1_000_000));
const STRANGER = hex(1_000_000);
const TOPICS = Array.from({ length: 50 }, (_, n) => `topic-${n}`);
const POPULAR = hex(7);
/** One event in three seconds. */
const SPACING = 3;
const KINDS = [1, 1, 1, 7, 1111, 30_023] as const;
/** Nobody has published it. */
const ABSENT = 9999;

let db: LookedSqlite;
let relay: Relay;
let client: Client;
let api: HttpApi;

beforeAll(() => {
  db = new LookedSqlite(true);
  fill(db);
  const settings = { RATE_LIMIT: "off" };
  relay = openRelay(settings, db);
  api = openHttpApi(settings, db);
  client = connect(relay.hub("one"));
}, MINUTES);
afterAll(() => {
  // oxlint-disable-next-line no-console -- the figures are what this run is for
  if (IS_LARGE) console.log(report.join("\n"));
  db.close();
});

const oldest = NOW - SPACING * STORED;

const QUESTIONS: [string, ...WireFilter[]][] = [
  ["everything", {}],
  ["before the first event", { until: 1 }],
  ["a time without events", { since: oldest - 1_000_000, until: oldest - 10 }],
  ["an absent kind", { kinds: [ABSENT] }],
  ["two absent kinds", { kinds: [ABSENT, ABSENT + 1] }],
  ["all kinds", { kinds: [...KINDS, ABSENT] }],
  ["an absent kind and a present one, old", { kinds: [ABSENT, 1], until: oldest + 100 }],
  ["an unknown author", { authors: [STRANGER] }],
  ["ten unknown authors", { authors: STRANGERS.slice(0, 10) }],
  ["1000 unknown authors", { authors: STRANGERS }],
  ["500 authors", { authors: AUTHORS }],
  ["500 authors of an absent kind", { authors: AUTHORS, kinds: [ABSENT] }],
  ["500 authors of two replaceable kinds", { authors: AUTHORS, kinds: [0, 10_002] }],
  ["unknown ids", { ids: STRANGERS }],
  ["a popular tag", { "#t": ["common"] }],
  ["a popular tag and an absent kind", { "#t": ["common"], kinds: [ABSENT] }],
  ["two popular tags and an absent kind", { "#t": ["common", "topic-1"], kinds: [ABSENT] }],
  ["ten tag values", { "#t": TOPICS.slice(0, 10) }],
  ["ten tag values and an absent kind", { "#t": TOPICS.slice(0, 10), kinds: [ABSENT] }],
  ["50 tag values and an unknown author", { "#t": TOPICS, authors: [STRANGER] }],
  ["ten absent tag values", { "#t": STRANGERS.slice(0, 10) }],
  ["two conditions that never meet", { "#t": ["topic-1"], "#e": [POPULAR], kinds: [1] }],
  ["a popular tag and another with ten absent values", { "#t": ["common"], "#x": STRANGERS.slice(0, 10) }],
  [
    "a popular tag of an unknown author, old",
    { "#t": ["common"], authors: STRANGERS.slice(0, 2), until: oldest + 100 },
  ],
  ["a common word", { search: "common" }],
  ["an absent word", { search: "absentword" }],
  ["a common word of an absent kind", { search: "common", kinds: [ABSENT] }],
  ["three words", { search: "common word absentword" }],
  [
    "ten hopeless filters",
    ...TOPICS.slice(0, 10).map((topic) => ({ "#t": ["common", topic], kinds: [ABSENT] })),
  ],
  [
    "100 hopeless filters",
    ...AUTHORS.slice(0, 100).map((author) => ({ authors: [author, STRANGER], kinds: [ABSENT] })),
  ],
];

const report: string[] = [];

it.each(QUESTIONS)(
  "REQ: %s",
  async (name, ...filters) => {
    const [rows, frames] = await measured(async () => {
      await client.say("REQ", "q", ...filters);
      await client.say("CLOSE", "q");
      return client.take();
    });
    const found = frames.length - 1;
    const [verb, , reason] = frames.at(-1) ?? [];
    note(`REQ ${name}`, rows, `${found} events, ${verb} ${JSON.stringify(reason ?? "").slice(0, 100)}`);
    expect(rows).toBeLessThanOrEqual(MOST_LOOKED);
    const isPart = verb === "CLOSED" && /has looked at/.test(reason as string);
    expect([verb, found]).toEqual(isPart ? ["CLOSED", found] : ["EOSE", countOf(filters)]);
  },
  MINUTES,
);

it.each(QUESTIONS)(
  "COUNT: %s",
  async (name, ...filters) => {
    const [rows, frames] = await measured(async () => {
      await client.say("COUNT", "q", ...filters);
      return client.take();
    });
    note(`COUNT ${name}`, rows, JSON.stringify(frames[0]).slice(0, 120));
    expect(rows).toBeLessThanOrEqual(MOST_LOOKED);
  },
  MINUTES,
);

it(
  "COUNT: reactions to a popular event, and then by their counter",
  async () => {
    const ask = () =>
      measured(async () => {
        await client.say("COUNT", "q", { "#e": [POPULAR], kinds: [7] });
        return client.take();
      });
    const [first, frames] = await ask();
    note("COUNT reactions", first, JSON.stringify(frames[0]).slice(0, 80));
    const [second, again] = await ask();
    note("COUNT reactions, again", second, JSON.stringify(again[0]).slice(0, 80));
    expect(again).toEqual(frames);
    const isExact = STORED / KINDS.length < MOST_LOOKED;
    expect(second).toBeLessThanOrEqual(isExact ? 1 : MOST_LOOKED);
    // To create the counter, once.
    expect(first).toBeLessThanOrEqual(isExact ? 8 * MOST_LOOKED : MOST_LOOKED);
  },
  MINUTES,
);

it.each(QUESTIONS.filter(([, ...filters]) => filters.length === 1 && filters[0]?.search === undefined))(
  "NEG: %s",
  async (name, filter) => {
    const [rows, frames] = await measured(async () => {
      await client.say("NEG-OPEN", "n", filter, "6100000200");
      await client.say("NEG-CLOSE", "n");
      return client.take();
    });
    note(`NEG ${name}`, rows, JSON.stringify(frames[0]).slice(0, 80));
    expect(rows).toBeLessThanOrEqual(3 * relay.config.MAX_SYNC_EVENTS);
  },
  MINUTES,
);

it.each([
  ["a keyword", "keyword=absentkeyword"],
  ["a keyword, oldest first", "keyword=absentkeyword&order=asc"],
  ["a keyword of an author", `keyword=absentkeyword&authors=${AUTHORS[0]}`],
  [
    "a keyword and ten tag values",
    `keyword=absentkeyword${TOPICS.slice(0, 10)
      .map((topic) => `&tag.t=${topic}`)
      .join("")}`,
  ],
  ["an absent kind, oldest first", `kinds=${ABSENT}&tag.t=common&order=asc`],
  ["an absent word", "search=absentword"],
  ["everything, oldest first", "order=asc&limit=1000"],
])(
  "HTTP: %s",
  async (name, query) => {
    for (const path of ["/api/v1/events", "/api/v1/events/count"]) {
      const url = `${path}?${path.endsWith("count") ? query.replaceAll(/&?(order|limit)=\w+/g, "") : query}`;
      const [rows, body] = await measured(async () => (await api.request(url)).text());
      note(`${url.slice(0, 70)} ${name}`, rows, body.slice(-120));
      expect(rows).toBeLessThanOrEqual(MOST_LOOKED);
    }
  },
  MINUTES,
);

it(
  "what stops at the bound says so, and goes on where it stopped, to the end",
  async () => {
    const filter = { "#t": ["common", "topic-1"], kinds: [ABSENT, 30_023], authors: AUTHORS.slice(0, 2) };
    const seen = new Set<string>();
    let rounds = 0;
    for (let until: number | undefined = NOW; until !== undefined; rounds += 1) {
      await client.say("REQ", "q", { ...filter, until });
      await client.say("CLOSE", "q");
      const frames = client.take();
      for (const [verb, , event] of frames) if (verb === "EVENT") seen.add((event as { id: string }).id);
      const [verb, , reason] = frames.at(-1) ?? [];
      const next = Number(/has looked at .*"until":(\d+)$/.exec((reason as string | undefined) ?? "")?.[1]);
      expect(verb === "EOSE" || next < until).toBe(true);
      until = verb === "EOSE" ? undefined : next;
    }
    note(`REQ in ${rounds} rounds`, 0, `${seen.size} events`);
    expect(seen.size).toBe(countOf([{ ...filter, limit: 500 * rounds }]));
  },
  MINUTES,
);

async function measured<T>(work: () => Promise<T>): Promise<[rows: number, result: T]> {
  db.batches.length = 0;
  const result = await work();
  const rows = db.batches.reduce((sum, { entries, tags }) => sum + entries + tags, 0);
  return [rows, result];
}

function note(name: string, rows: number, answer: string): void {
  report.push(`${String(rows).padStart(9)}  ${name}: ${answer}`);
}

/** Returns how many events a REQ gets if it is answered to the end. */
function countOf(filters: WireFilter[]): number {
  const open = filters.map((filter) => ({ filter, missing: filter.limit ?? 500 }));
  let count = 0;
  for (let n = STORED - 1; n >= 0 && open.length > 0; n -= 1) {
    const event = eventOf(n);
    const matching = open.filter(({ filter }) => matches(filter, event) && hasWords(filter, event));
    count += matching.length > 0 ? 1 : 0;
    for (const one of matching) {
      one.missing -= 1;
      if (one.missing === 0) open.splice(open.indexOf(one), 1);
    }
  }
  return count;
}

function hasWords({ search }: WireFilter, event: Event): boolean {
  const words = wordsOf(event);
  return (search as string | undefined)?.split(" ").every((word) => words.includes(word)) ?? true;
}

/** No question names a stored event by its id. */
function eventOf(n: number): Event {
  const kind = KINDS[n % KINDS.length] as number;
  const topic = `topic-${n % TOPICS.length}`;
  return {
    id: "",
    pubkey: hex((n % AUTHORS.length) + 1),
    created_at: oldest + SPACING * n,
    kind,
    tags: [["t", "common"], ["t", topic], kind === 7 ? ["e", POPULAR] : ["d", `${n}`]],
    content: `common word ${n % 1000}`,
    sig: "0".repeat(128),
  };
}

/** As good as random: estimates draw their sample by the ids. */
function idOf(n: number): string {
  return Array.from({ length: 8 }, (_, at) => hex(scrambled(8 * n + at), 8)).join("");
}

function scrambled(n: number): number {
  let mixed = Math.imul(n ^ (n >>> 16), 0x45d9f3b);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x45d9f3b);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

function wordsOf({ kind, content }: Event): string[] {
  return kind === 7 ? [] : content.split(" ");
}

/** Writes events past the store, because the store would take several times as long. */
function fill({ db: sqlite }: LookedSqlite): void {
  const insert = sqlite.prepare(
    `INSERT INTO event (id, pubkey, sig, created_at, kind, tags, content, d)
    VALUES (unhex(?), unhex(?), zeroblob(64), ?, ?, ?, ?, ?)`,
  );
  const index = sqlite.prepare("INSERT INTO search (rowid, text) VALUES (?, ?)");
  sqlite.exec("BEGIN");
  for (let n = 0; n < STORED; n += 1) {
    const event = eventOf(n);
    const { pubkey, created_at, kind, tags, content } = event;
    const d = kind === 30_023 ? JSON.stringify(`${n}`) : null;
    const { lastInsertRowid } = insert.run(
      idOf(n),
      pubkey,
      created_at,
      kind,
      JSON.stringify(tags),
      JSON.stringify(content),
      d,
    );
    const words = wordsOf(event);
    if (words.length > 0) index.run(lastInsertRowid, words.join(" "));
  }
  sqlite.exec("COMMIT");
}
