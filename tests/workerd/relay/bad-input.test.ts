/** What no well-meaning client sends: each is answered as the protocol says, and the socket goes on. */
import { exports } from "cloudflare:workers";
import { afterEach, beforeEach, expect, it } from "vitest";
import { eventId, type Event } from "../../../nostr/event.ts";
import { signedEvent } from "../../fixtures/signed-events.ts";
import { type Client, connect, type Frame } from "../client.ts";

let client: Client;
beforeEach(async () => {
  client = await connect(exports.default);
  await client.upTo("AUTH");
});
afterEach(async () => {
  await expectAnswer("what is asked next", '["REQ","next",{"kinds":[9999]}]', ["EOSE", "next", ["finish"]]);
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

/** Signed with a content that is not well-formed: its text goes over the wire escaped. */
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
  ["30,000 levels of nesting", nested, ["NOTICE", expect.stringMatching(/^unsupported: ./)]],
  ["a message longer than MAX_MESSAGE_LENGTH", "x".repeat(524_289), NOTICE],
  ["a message that is longer in bytes only", "日".repeat(200_000), NOTICE],
])("[18] answers NOTICE to %s, which names no event and no subscription", expectAnswer);

it.each<[what: string, frame: string, answer: Frame]>([
  ["without an event", '["EVENT"]', refused("")],
  ["with an event that is no object", '["EVENT",7]', refused("")],
  ["with an array for an event", JSON.stringify(["EVENT", [event]]), refused("")],
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
  ["with 21 filters", req(...Array.from({ length: 21 }, () => ({}))), CLOSED],
])("[11] [17] closes a REQ %s", expectAnswer);

it.each<[what: string, id: unknown]>([
  ["empty", ""],
  ["of 65 characters", "x".repeat(65)],
  ["a number", 7],
  ["a lone surrogate", "\ud800"],
])("[9] answers NOTICE to a REQ and a CLOSE whose subscription id is %s", async (_, id) => {
  for (const message of [
    ["REQ", id, {}],
    ["CLOSE", id],
  ]) {
    client.say(...message);
    expect(await client.upTo("NOTICE")).toEqual([NOTICE]);
  }
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
  expect(await client.upTo("OK")).toEqual([
    ["EVENT", "s", live],
    ["OK", live.id, true, ""],
  ]);
  client.say("CLOSE", "s");
});

it("[14] bounds a limit of 1e9", async () => {
  client.say("REQ", "s", { kinds: [4321], limit: 1e9 });
  expect(await client.upTo("EOSE")).toEqual([["EOSE", "s", ["finish"]]]);
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

/** Another event's signature, which is a good one for that. */
function forged(): Event {
  return { ...signedEvent({ content: "mine" }), sig: event.sig };
}
