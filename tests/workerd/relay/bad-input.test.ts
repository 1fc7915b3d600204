/** Malformed messages. Each gets the answer that the protocol requires, and the socket stays open. */
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it } from "vitest";
import { eventId, type Event } from "../../../nostr/event.ts";
import { signedEvent } from "../../fixtures/signed-events.ts";
import { type Client, connect, type Frame } from "../client.ts";

let client: Client;
beforeEach(async () => {
  client = await connect(exports.default);
});
afterEach(async () => {
  await expectAnswer("what is asked next", '["REQ","next",{"kinds":[9999]}]', ["EOSE", "next"]);
  client.close();
});

const event = signedEvent({ content: "a good one" });
const nested = `${"[".repeat(30_000)}${"]".repeat(30_000)}`;
const hex64 = (n: number) => n.toString(16).padStart(64, "0");
const invalid = expect.stringMatching(/^invalid: ./);
const NOTICE: Frame = ["NOTICE", invalid];
const CLOSED: Frame = ["CLOSED", "s", invalid];
const refused = (id: string): Frame => ["OK", id, false, invalid];
const changed = (fields: Record<string, unknown>) => JSON.stringify(["EVENT", { ...event, ...fields }]);
const req = (...filters: unknown[]) => JSON.stringify(["REQ", "s", ...filters]);

/** The content has a lone surrogate, which JSON escapes on the wire. */
const surrogate = JSON.stringify(["EVENT", { ...event, content: "\ud800" }]);

it.each<[what: string, frame: string | ArrayBuffer, answer: Frame]>([
  ["what is not JSON", "hello", NOTICE],
  ["an empty message", "", NOTICE],
  ["a binary message", new ArrayBuffer(8), NOTICE],
  ["JSON that is not an array", '{"kind":1}', NOTICE],
  ["JSON null", "null", NOTICE],
  ["an empty array", "[]", ["NOTICE", expect.stringMatching(/^unsupported: ./)]],
  ["an unknown verb", '["HELLO","s"]', ["NOTICE", expect.stringMatching(/^unsupported: .*HELLO/)]],
  ["a verb that is no text", "[[],[]]", ["NOTICE", expect.stringMatching(/^unsupported: ./)]],
  ["30,000 levels of nesting", nested, ["NOTICE", expect.stringMatching(/^invalid: .*30000 levels/)]],
  ["a message longer than MAX_MESSAGE_LENGTH", "x".repeat(524_289), NOTICE],
  ["a message that is longer in bytes only", "日".repeat(200_000), NOTICE],
])("[18] answers NOTICE to %s, which names no event and no subscription", expectAnswer);

it.each<[what: string, frame: string, answer: Frame]>([
  ["without an event", '["EVENT"]', refused("")],
  ["with an event that is no object", '["EVENT",7]', refused("")],
  ["with an array for an event", JSON.stringify(["EVENT", [event]]), refused(event.id)],
  ["after a subscription id", JSON.stringify(["EVENT", "s", event]), refused(event.id)],
  ["with an id that is too long", changed({ id: "ab".repeat(128) }), refused("ab".repeat(128))],
  ["with an id that is far too long", changed({ id: "ab".repeat(129) }), refused("")],
  ["with an id that is a number", changed({ id: 7 }), refused("")],
  ["with an id in upper-case hex", changed({ id: event.id.toUpperCase() }), refused(event.id.toUpperCase())],
  ["with a pubkey in upper-case hex", changed({ pubkey: event.pubkey.toUpperCase() }), refused(event.id)],
  ["with a signature in upper-case hex", changed({ sig: event.sig.toUpperCase() }), refused(event.id)],
  ["with a kind that is text", changed({ kind: "1" }), refused(event.id)],
  ["with kind 65,536", changed({ kind: 65_536 }), refused(event.id)],
  ["with a created_at of half a second", changed({ created_at: 1.5 }), refused(event.id)],
  ["with a created_at before 1970", changed({ created_at: -1 }), refused(event.id)],
  ["with a content that is null", changed({ content: null }), refused(event.id)],
  ["with tags that are no arrays", changed({ tags: ["t"] }), refused(event.id)],
  ["with a tag that holds a number", changed({ tags: [["t", 7]] }), refused(event.id)],
  ["with an empty tag", changed({ tags: [[]] }), refused(event.id)],
  ["that is too long", changed({ content: "x".repeat(524_288) }), refused(event.id)],
  ["that is too long in bytes only", changed({ content: "日".repeat(200_000) }), refused(event.id)],
  ["with a lone surrogate in its content", surrogate, refused(event.id)],
  ["with a lone surrogate in a tag", changed({ tags: [["t", "\udfff"]] }), refused(event.id)],
  [
    "with tags of 30,000 levels",
    changed({ tags: 0 }).replace('"tags":0', `"tags":${nested}`),
    refused(event.id),
  ],
])("[2] refuses an EVENT %s", expectAnswer);

it.each<[what: string, frame: string, answer: Frame]>([
  ["a forged id", changed({ id: hex64(7) }), refused(hex64(7))],
  ["the id of another event", changed({ content: "another" }), refused(event.id)],
  ["a forged signature", JSON.stringify(["EVENT", forged()]), refused(forged().id)],
])("[1] refuses an EVENT with %s", expectAnswer);

it.each<[what: string, frame: string, answer: Frame]>([
  ["without a filter", '["REQ","s"]', CLOSED],
  ["with a filter that is text", req("x"), CLOSED],
  ["with a filter of 30,000 levels", `["REQ","s",${nested}]`, CLOSED],
  ["with an author in upper-case hex", req({ authors: [event.pubkey.toUpperCase()] }), CLOSED],
  ["with the first characters of an id", req({ ids: [event.id.slice(0, 8)] }), CLOSED],
  ["with kinds that are text", req({ kinds: ["1"] }), CLOSED],
  ["with a kind that stands alone", req({ kinds: 1 }), CLOSED],
  ["with a limit below zero", req({ limit: -1 }), CLOSED],
  ["with a limit of 1e30", '["REQ","s",{"limit":1e30}]', CLOSED],
  ["with a since that is null", req({ since: null }), CLOSED],
  ["with a #e that is no id", req({ "#e": ["x"] }), CLOSED],
  ["with a lone surrogate in a filter", req({ "#t": ["\ud800"] }), CLOSED],
  [
    "with an unknown filter field",
    req({ colour: "red" }),
    ["CLOSED", "s", expect.stringMatching(/^unsupported: .*colour/)],
  ],
  [
    "with a tag name of two letters",
    req({ "#ee": ["x"] }),
    ["CLOSED", "s", expect.stringMatching(/^unsupported: .*#ee/)],
  ],
  ["that is too long", req({ "#t": ["x".repeat(524_288)] }), CLOSED],
  [
    "with 101 filters",
    req(...Array.from({ length: 101 }, () => ({}))),
    ["CLOSED", "s", expect.stringMatching(/^error: 101 filters are too many; at most 100/)],
  ],
])("[11] [17] closes a REQ %s", expectAnswer);

it.each<[what: string, id: unknown, answer: Frame]>([
  ["empty", "", ["CLOSED", "", invalid]],
  ["of 65 characters", "x".repeat(65), ["CLOSED", "x".repeat(65), invalid]],
  ["of 257 characters", "x".repeat(257), NOTICE],
  ["a number", 7, NOTICE],
  ["a lone surrogate", "\ud800", ["CLOSED", "\ud800", invalid]],
])("[9] answers a REQ, a COUNT and a CLOSE whose subscription id is %s", async (_, id, answer) => {
  for (const message of [
    ["REQ", id, {}],
    ["COUNT", id, {}],
    ["CLOSE", id],
  ]) {
    client.say(...message);
    expect(await client.upTo(answer[0])).toEqual([answer]);
  }
});

it("[9] takes a subscription id of 64 emoji", async () => {
  const id = "😀".repeat(64);
  client.say("REQ", id, { kinds: [9998] });
  expect(await client.upTo("EOSE")).toEqual([["EOSE", id]]);
});

it("[1] takes NUL and other control characters in content and tags, and serves what hashes to the id", async () => {
  const strange = signedEvent({ content: "nul \u0000 one \u0001 del \u007f", tags: [["t", "\u0000"]] });
  expect(await publish(strange)).toEqual(["OK", strange.id, true, ""]);
  const [served] = await request({ "#t": ["\u0000"] });
  expect(served).toEqual(strange);
  expect(eventId(served!)).toBe(strange.id);
});

it("takes an event with 100 KB of tags, and finds it by the last of them", async () => {
  const tags = Array.from({ length: 1400 }, (_, n) => ["e", hex64(n)]);
  const large = signedEvent({ tags, kind: 7 });
  expect(JSON.stringify(large.tags).length).toBeGreaterThan(100_000);
  expect(await publish(large)).toEqual(["OK", large.id, true, ""]);
  expect(await request({ "#e": [hex64(1399)] })).toEqual([large]);
});

it("takes an event whose tags fill a message, and finds it by the first and the last of them", async () => {
  const tags = Array.from({ length: 35_000 }, (_, n) => ["t", n.toString(36)]);
  const full = signedEvent({ tags, kind: 7 });
  expect(JSON.stringify(["EVENT", full]).length).toBeGreaterThan(400_000);
  expect(await publish(full)).toEqual(["OK", full.id, true, ""]);
  for (const at of [0, 34_999]) {
    expect(await request({ "#t": [at.toString(36)], kinds: [7] })).toEqual([full]);
  }
});

it("[11] answers a REQ of 100 filters, each event once", async () => {
  const events = Array.from({ length: 20 }, (_, n) => signedEvent({ content: String(n), kind: 4400 + n }));
  for (const each of events) await publish(each);
  const filters = Array.from({ length: 100 }, (_, n) => ({
    kinds: [4400 + (n % 25)],
    authors: [event.pubkey],
  }));
  client.say("REQ", "s", ...filters);
  const frames = await client.upTo("EOSE");
  const ids = frames.filter(([verb]) => verb === "EVENT").map((frame) => (frame[2] as Event).id);
  expect(ids.toSorted()).toEqual(events.map(({ id }) => id).toSorted());
  client.say("CLOSE", "s");
});

it("[9] holds 300 subscriptions on one connection, and says rate-limited to one more", async () => {
  for (let n = 0; n < 300; n += 1) client.say("REQ", `s${n}`, { kinds: [5500 + n] });
  for (let n = 0; n < 300; n += 1) await client.upTo("EOSE");
  client.say("REQ", "more", {});
  expect(await client.upTo("CLOSED")).toEqual([
    ["CLOSED", "more", expect.stringMatching(/^rate-limited: 300 subscriptions/)],
  ]);
  const live = signedEvent({ kind: 5799 });
  client.say("EVENT", live);
  expect(await client.upTo("OK")).toEqual([
    ["EVENT", "s299", live],
    ["OK", live.id, true, ""],
  ]);
  client.say("CLOSE", "s0");
});

it("drops fields that no event has", async () => {
  const plain = signedEvent({ content: "plain" });
  expect(await publish({ ...plain, seen_on: ["wss://elsewhere"] })).toEqual(["OK", plain.id, true, ""]);
  expect(await request({ ids: [plain.id] })).toEqual([plain]);
});

it("answers a filter with 5,000 authors, and goes on with it live", async () => {
  const authors = [...Array.from({ length: 4999 }, (_, n) => hex64(n)), event.pubkey];
  const stored = signedEvent({ content: "stored", kind: 1234 });
  await publish(stored);
  expect(await request({ authors, kinds: [1234] })).toEqual([stored]);
  const live = signedEvent({ content: "live", kind: 1234 });
  client.say("EVENT", live);
  // The keys of a new subscription are declared only now, so its event may come after the OK.
  expect([...(await client.upTo("OK")), ...(await client.upTo("EVENT"))]).toEqual([
    ["OK", live.id, true, ""],
    ["EVENT", "s", live],
  ]);
  client.say("CLOSE", "s");
});

it("[14] bounds a limit of 1e9", async () => {
  client.say("REQ", "s", { kinds: [4321], limit: 1e9 });
  expect(await client.upTo("EOSE")).toEqual([["EOSE", "s"]]);
  client.say("CLOSE", "s");
});

async function expectAnswer(_what: string, frame: string | ArrayBuffer, answer: Frame): Promise<void> {
  client.sayText(frame);
  expect(await client.upTo(answer[0])).toEqual([answer]);
}

async function publish(given: object): Promise<Frame | undefined> {
  client.say("EVENT", given);
  return (await client.upTo("OK")).at(-1);
}

async function request(filter: object): Promise<Event[]> {
  client.say("REQ", "s", filter);
  return (await client.upTo("EOSE")).filter(([verb]) => verb === "EVENT").map((frame) => frame[2] as Event);
}

/** Returns an event with the signature of another event. */
function forged(): Event {
  return { ...signedEvent({ content: "mine" }), sig: event.sig };
}
