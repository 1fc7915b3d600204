/**
 * There are five ways to read: REQ, COUNT, NEG-OPEN, and over HTTP the query and the count. All of them give a reader the
 * same answer. Over HTTP a reader signs each request (NIP-98).
 */
import { afterEach, describe, expect, it } from "vitest";
import { connect, type Client } from "../fixtures/hubs.ts";
import { headerOf } from "../fixtures/management.ts";
import { ALICE, BOB, by, CAROL } from "../fixtures/people.ts";
import { AUTHORS } from "../fixtures/signed-events.ts";
import { openWholeRelay, type WholeRelay } from "../fixtures/whole-relay.ts";

const MALLORY = AUTHORS[3]!;

/** Sorts of readers: the key that the reader authenticates as, and its address. */
const READERS = {
  stranger: {},
  key: { key: BOB },
  "wrong key": { key: CAROL },
  "banned key": { key: MALLORY },
  "blocked address": { ip: "203.0.113.1" },
  limited: { ip: "203.0.113.2" },
} as const satisfies Record<string, { key?: string; ip?: string }>;

type Who = keyof typeof READERS;

/** A public note, and a gift wrap for BOB and MALLORY, who is banned. */
const NOTE = by(ALICE);
const WRAP = by(CAROL, {
  kind: 1059,
  tags: [
    ["p", BOB],
    ["p", MALLORY],
  ],
});

/** More values than MAX_FILTER_VALUES. */
const MANY = Array.from({ length: 1000 }, (_, n) => `${n}`);

const QUESTIONS = {
  public: { kinds: [1] },
  private: { kinds: [1059] },
  both: { kinds: [1, 1059] },
  "too long": { kinds: [1], "#t": MANY },
} as const satisfies Record<string, { kinds: number[]; "#t"?: string[] }>;

type What = keyof typeof QUESTIONS;

/** The number of events that are found, or the prefix of the refusal. */
type Answer = number | string;
type Answers = Record<What, Answer>;

function all(answer: Answer): Answers {
  return { public: answer, private: answer, both: answer, "too long": answer };
}

const OPEN: Answers = { public: 1, private: "auth-required", both: 1, "too long": "error" };
const INVOLVED: Answers = { ...OPEN, private: 1, both: 2 };
const UNINVOLVED: Answers = { ...OPEN, private: 0 };
const NOT_WITHOUT_KEY: Answers = { ...all("auth-required"), "too long": "error" };
const NOT_FOR_THEM: Answers = { ...all("restricted"), "too long": "error" };
const BLOCKED = all("blocked");
const LIMITED = all("rate-limited");

/** For each `READ_ACCESS` and reader: the answer to every way to read. */
const TABLE: Record<"open" | "auth" | "allow", Record<Who, Answers>> = {
  open: {
    stranger: OPEN,
    key: INVOLVED,
    "wrong key": UNINVOLVED,
    // A ban keeps a key from writing. READ_ACCESS alone decides who may read.
    "banned key": INVOLVED,
    "blocked address": BLOCKED,
    limited: LIMITED,
  },
  auth: {
    stranger: NOT_WITHOUT_KEY,
    key: INVOLVED,
    "wrong key": UNINVOLVED,
    "banned key": NOT_FOR_THEM,
    "blocked address": BLOCKED,
    limited: LIMITED,
  },
  // BOB and MALLORY are on the allow-list.
  allow: {
    stranger: NOT_WITHOUT_KEY,
    key: INVOLVED,
    "wrong key": NOT_FOR_THEM,
    "banned key": NOT_FOR_THEM,
    "blocked address": BLOCKED,
    limited: LIMITED,
  },
};

/** The HTTP status of each prefix. */
const STATUS: Record<string, number> = {
  "auth-required": 401,
  blocked: 403,
  restricted: 403,
  error: 400,
  "rate-limited": 429,
};

let world: WholeRelay;
afterEach(() => world.close());

describe.each(Object.entries(TABLE))("READ_ACCESS=%s", (access, readers) => {
  it.each(Object.entries(readers))("%s", async (who, answers) => {
    const { client, headersFor } = await arrive(access, who as Who);
    for (const [what, wire] of Object.entries(QUESTIONS)) {
      const given = {
        REQ: await req(client, wire),
        COUNT: await count(client, wire),
        NEG: await neg(client, wire),
        query: await ask("", wire, headersFor),
        count: await ask("/count", wire, headersFor),
      };
      const expected = answers[what as What];
      expect({ what, ...given }).toEqual({
        what,
        REQ: expected,
        COUNT: expected,
        NEG: expected,
        query: expected,
        count: expected,
      });
    }
  });
});

/** Opens a relay with both events, and a connection of one reader. */
async function arrive(access: string, who: Who): Promise<{ client: Client; headersFor: HeadersFor }> {
  world = openWholeRelay({ RATE_LIMIT: "1000", MAX_FILTER_VALUES: "1000" });
  const { relay, api, call } = world;
  await relay.store.commit([NOTE, WRAP]);
  for (const key of [BOB, MALLORY]) await call("allowpubkey", key);
  await call("changereadaccess", access);
  const { key, ip }: { key?: string; ip?: string } = READERS[who];
  const client = connect(relay.hub("a"), { ip, keys: key === undefined ? [] : [key] });
  const headersFor: HeadersFor = (path) => ({
    ...(ip !== undefined && { "cf-connecting-ip": ip }),
    ...(key !== undefined && signedBy(key, path)),
  });
  if (who === "banned key") await call("banpubkey", MALLORY);
  if (who === "blocked address") await call("blockip", ip);
  if (who === "limited") {
    // Costs more than the allowance of a minute, and is refused unread.
    const tooLong = "x".repeat(400_000);
    await client.say(tooLong);
    const path = `/?${tooLong}`;
    await api.request(path, { headers: headersFor(path) });
  }
  client.take();
  return { client, headersFor };
}

/** Returns the headers of a reader's request. */
type HeadersFor = (path: string) => Record<string, string>;

function signedBy(pubkey: string, path: string): Record<string, string> {
  const tags = [
    ["u", `http://relay.test${path}`],
    ["method", "GET"],
  ];
  const created_at = Math.floor(Date.now() / 1000);
  return { authorization: headerOf(by(pubkey, { kind: 27_235, created_at, tags, content: "" })) };
}

async function req(client: Client, wire: object): Promise<Answer> {
  await client.say("REQ", "s", wire);
  const frames = client.take();
  await client.say("CLOSE", "s");
  const last = frames.at(-1);
  return last?.[0] === "EOSE" ? frames.length - 1 : prefixIn(client, last);
}

async function count(client: Client, wire: object): Promise<Answer> {
  await client.say("COUNT", "s", wire);
  const [frame] = client.take();
  return frame?.[0] === "COUNT" ? (frame[2] as { count: number }).count : prefixIn(client, frame);
}

/** Reconciles as a client that has no events, so the answer lists all ids. */
async function neg(client: Client, wire: object): Promise<Answer> {
  await client.say("NEG-OPEN", "s", wire, "6100000200");
  const [frame] = client.take();
  await client.say("NEG-CLOSE", "s");
  if (frame?.[0] !== "NEG-MSG") return prefixIn(client, frame);
  return Math.floor((frame[2] as string).length / 64);
}

/** Returns the prefix of a CLOSED, of a NEG-ERR, or of the reason why the relay closed the connection. */
function prefixIn({ closings }: Client, frame: unknown[] | undefined): string {
  const text = (frame?.[2] ?? closings[0]?.[1]) as string;
  return text.slice(0, text.indexOf(":"));
}

async function ask(
  path: string,
  { kinds, ...rest }: { kinds: readonly number[]; "#t"?: readonly string[] },
  headersFor: HeadersFor,
): Promise<Answer> {
  const tags = rest["#t"] ? `&tag.t=${rest["#t"].join(",")}` : "";
  const whole = `/api/v1/events${path}?kinds=${kinds.join(",")}${tags}`;
  const response = await world.api.request(whole, { headers: headersFor(whole) });
  const { error, events, count } = (await response.json()) as {
    error?: { code: string };
    events?: unknown[];
    count?: number;
  };
  expect(response.status).toBe(error ? STATUS[error.code] : 200);
  return error?.code ?? events?.length ?? count!;
}
