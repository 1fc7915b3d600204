/**
 * 30,000 damaged frames (FRAMES=… for more). No hub breaks, every frame gets its answer, and every stored event is
 * valid.
 */
import { verifyEvent } from "nostr-tools/pure";
import { afterEach, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { type Client, connect, type Frame, NOW, openRelay, type Relay } from "../fixtures/hubs.ts";
import { authEvent, by } from "../fixtures/people.ts";
import { AUTHORS, byRealAuthors, signedEvents } from "../fixtures/signed-events.ts";
import { aFilter, pick, type Random, seeded } from "../reference/generators.ts";

const FRAMES = Number(process.env.FRAMES ?? 3000);
const SEED = Number(process.env.SEED ?? 20_261_126);

let relay: Relay;
afterEach(() => relay.close());

it(`[9] [17] [18] ${FRAMES} fuzzed frames each have their answer, and nothing forged is stored (seed ${SEED})`, async () => {
  relay = openRelay({ MAX_SUBSCRIPTIONS: "30" });
  const random = seeded(SEED);
  const events = signedEvents(random, 300);
  let client = connect(relay.hub("a"));
  for (let sent = 0; sent < FRAMES; sent += 1) {
    if (sent % 1000 === 999) client = connect(relay.hub("a"));
    const frame = tampered(random, JSON.stringify(aMessage(random, events)));
    client.take();
    await client.hub.receive(client.session, frame);
    const answers = client.take();
    // Created only if it is needed, because an answer may have hundreds of events.
    const told = () => `${frame.slice(0, 500)} → ${JSON.stringify(answers).slice(0, 500)}`;
    if (!isAnswered(frame, answers, client)) throw new Error(told());
  }
  await relay.settled();
  expect(relay.reported).toEqual([]);
  const { events: stored } = await relay.store.log(0, 5000);
  expect(stored.length).toBeGreaterThan(100);
  for (const { json } of stored) expect(verifyEvent(JSON.parse(json) as Event), json).toBe(true);
}, 600_000);

/** Returns whether the frame got the answer that the protocol requires. */
function isAnswered(frame: string, answers: Frame[], client: Client): boolean {
  const [verb, id] = parsed(frame);
  const length = typeof id === "string" ? Array.from(id).length : Infinity;
  const isUsable = typeof id === "string" && length > 0 && length <= 64 && id.isWellFormed();
  const count = (...verbs: string[]) => answers.filter((answer) => verbs.includes(answer[0])).length;
  if (verb === "REQ" && isUsable) {
    const endings = answers.filter((answer) => /^(EOSE|CLOSED)$/.test(answer[0]) && answer[1] === id);
    const isOpen = client.session.subscriptions.has(id);
    return endings.length === 1 && isOpen === (endings[0]?.[0] === "EOSE");
  }
  if (verb === "COUNT" && isUsable) return count("COUNT", "CLOSED") === 1;
  if ((verb === "NEG-OPEN" || verb === "NEG-MSG") && isUsable) return count("NEG-MSG", "NEG-ERR") === 1;
  if (verb === "NEG-CLOSE" && isUsable) return answers.length === 0;
  if (verb === "EVENT" || verb === "AUTH") return count("OK", "NOTICE") === 1;
  if (verb === "CLOSE" && isUsable) return answers.length === 0;
  const isNamed = /^(REQ|COUNT|CLOSE|NEG-(OPEN|MSG|CLOSE))$/.test(String(verb)) && length <= 256;
  if (!isNamed) return count("NOTICE") === 1;
  return answers.length === 1 && /^(CLOSED|NEG-ERR)$/.test(answers[0]?.[0] ?? "") && answers[0]?.[1] === id;
}

function parsed(frame: string): unknown[] {
  try {
    const message: unknown = JSON.parse(frame);
    return Array.isArray(message) ? message : [];
  } catch {
    return [];
  }
}

function aMessage(random: Random, events: Event[]): unknown[] {
  const id = pick(random, ["a", "b", "c", "日本", "x".repeat(64)]);
  const filters = () =>
    Array.from({ length: 1 + Math.floor(random() * 3) }, () => byRealAuthors(aFilter(random, events)));
  const roll = random();
  if (roll < 0.45) return ["EVENT", pick(random, events)];
  if (roll < 0.5) return ["EVENT", by(pick(random, AUTHORS), { kind: 5, tags: [["d"], ["a"], ["e", "x"]] })];
  if (roll < 0.7) return ["REQ", id, ...filters()];
  if (roll < 0.76) return ["COUNT", id, ...filters()];
  if (roll < 0.8) return ["NEG-OPEN", id, filters()[0], "6100000200"];
  if (roll < 0.82) return ["NEG-MSG", id, "6100000200"];
  if (roll < 0.84) return ["NEG-CLOSE", id];
  if (roll < 0.9) return ["CLOSE", id];
  return ["AUTH", AUTHENTICATION];
}

const AUTHENTICATION = authEvent(AUTHORS[0]!, { created_at: NOW });

/** Returns the text unchanged, with another value in it, or with other characters. */
function tampered(random: Random, text: string): string {
  const roll = random();
  if (roll < 0.15) return text;
  if (roll < 0.65) {
    let message: unknown = JSON.parse(text);
    for (let changes = 0; changes < 1 + random() * 2; changes += 1) message = changed(random, message);
    return JSON.stringify(message) ?? "";
  }
  const at = Math.floor(random() * text.length);
  const end = at + Math.floor(random() * 10);
  const junk = pick(random, [
    "",
    '"',
    "[",
    "}",
    "\\u0000",
    "\\ud800",
    "\u0000",
    "0",
    "-1e999",
    ",",
    "null",
    "\n",
  ]);
  return random() < 0.1 ? text.slice(0, at) : text.slice(0, at) + junk + text.slice(end);
}

const VALUES: unknown[] = [
  null,
  true,
  -1,
  0,
  1.5,
  1e21,
  2 ** 53,
  "",
  "x",
  "F".repeat(64),
  "a".repeat(64),
  "\ud800",
  "\u0000",
  "ALL_RELAYS",
  [],
  [[]],
  [null],
  [["d"]],
  [["e"], ["p", ""]],
  {},
  { "#": ["x"] },
  { "#ee": ["x"] },
  { ids: [] },
  { limit: -1 },
  { kinds: ["1"] },
  { since: "0" },
  5,
  62,
  1059,
  20_001,
  22_242,
  30_000,
];

/** Returns the value with one inner value replaced, removed, doubled or moved. */
function changed(random: Random, value: unknown): unknown {
  if (typeof value !== "object" || value === null || random() < 0.15) return pick(random, VALUES);
  if (Array.isArray(value)) {
    const at = Math.floor(random() * (value.length + 1));
    const copy: unknown[] = [...value];
    const roll = random();
    if (roll < 0.15) copy.splice(at, 1);
    else if (roll < 0.3) copy.splice(at, 0, pick(random, VALUES));
    else if (roll < 0.4) copy.splice(at, 0, copy[0]);
    else copy[at] = changed(random, copy[at]);
    return copy;
  }
  const fields = Object.keys(value);
  const field = pick(random, [...fields, "extra", "__proto__", "#e", "#t", "limit"]);
  const copy: Record<string, unknown> = { ...value };
  if (random() < 0.2) delete copy[field];
  else copy[field] = changed(random, copy[field]);
  return copy;
}
