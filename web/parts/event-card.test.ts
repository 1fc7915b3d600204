/** Cards of events, as the server renders them. */
import { h } from "preact";
import { renderToString } from "preact-render-to-string";
import { npubEncode } from "nostr-tools/nip19";
import { describe, expect, test } from "vitest";
import { COMMON_KINDS } from "../../nostr/kinds.ts";
import type { Event } from "../../nostr/event.ts";
import { EventCard } from "./event-card.tsx";
import { parseProfile } from "./profile.ts";

const ALICE = "a".repeat(64);
const BOB = "b".repeat(64);
const NOW = 1_800_000_000;
const profiles = new Map([[ALICE, parseProfile({ content: '{"name":"Alice <b>"}' })]]);

function card(fields: Partial<Event>, isWhole = false): string {
  const event = {
    id: "1".repeat(64),
    pubkey: ALICE,
    created_at: NOW - 180,
    kind: 1,
    tags: [],
    content: "",
    sig: "",
  };
  return renderToString(h(EventCard, { event: { ...event, ...fields }, now: NOW, profiles, isWhole }));
}

/** Returns the text that people see. */
function textOf(html: string): string {
  return html
    .replaceAll(/<[^>]+>/g, "")
    .replaceAll("&lt;", "<")
    .replaceAll("&quot;", '"')
    .replaceAll("&amp;", "&");
}

test("a note shows its author, its time and its text, and markup in it is only text", () => {
  const html = card({ content: "<script>alert(1)</script> https://a.example/ #Nostr" });
  expect(html).not.toContain("<script");
  expect(html).not.toContain("<b>");
  expect(textOf(html)).toContain("Alice <b>");
  expect(textOf(html)).toContain("3 min ago");
  expect(html).toContain('href="https://a.example/" rel="noreferrer nofollow"');
  expect(html).toContain('href="/explore?tag.t=nostr"');
});

test("an author without a profile is a shortened npub1…", () => {
  expect(textOf(card({ pubkey: BOB }))).toContain(`${npubEncode(BOB).slice(0, 10)}…`);
});

test("pictures are only offered", () => {
  const html = card({ content: "https://a.example/cat.jpg" });
  expect(html).not.toContain("<img");
  expect(html).toContain("Show picture");
});

test("a content warning hides the text until someone opens it", () => {
  const html = card({ content: "spoiler", tags: [["content-warning", "the end"]] });
  expect(html).toMatch(/<details class="warning"><summary>Content warning: the end<\/summary>.*spoiler/s);
});

test.each([
  [
    "a reaction",
    {
      kind: 7,
      content: "+",
      tags: [
        ["e", BOB],
        ["p", BOB],
      ],
    },
    "Likes an event of @npub1",
  ],
  [
    "a deletion",
    {
      kind: 5,
      tags: [
        ["e", BOB],
        ["e", ALICE],
      ],
    },
    "Deletes 2 events of the same author.",
  ],
  ["an encrypted message", { kind: 4, content: "secret?iv=x", tags: [["p", BOB]] }, "Encrypted, for @npub1"],
  [
    "a follow list",
    {
      kind: 3,
      tags: [
        ["p", BOB],
        ["p", "junk"],
      ],
    },
    "1 entry",
  ],
  ["an article", { kind: 30_023, tags: [["title", "On rivers"]] }, "On rivers"],
  ["a profile", { kind: 0, content: '{"name":"Carol","about":"Gardener"}' }, "CarolGardener"],
  ["an unknown kind", { kind: 54_321, tags: [["alt", "A chess move"]] }, "A chess move"],
  ["a report", { kind: 1984, tags: [["p", BOB, "spam"]] }, "as spam"],
  [
    "a zap",
    {
      kind: 9735,
      tags: [
        ["bolt11", `lnbc210u1${"p".repeat(60)}`],
        ["description", JSON.stringify({ pubkey: ALICE, content: "Great!" })],
        ["p", BOB],
      ],
    },
    "zaps 21,000 sats to @npub1",
  ],
])("%s says what it is", (_, fields, text) => {
  expect(textOf(card(fields))).toContain(text);
});

test("a repost shows the copied text and says that nobody checked it", () => {
  const copy = {
    id: "2".repeat(64),
    pubkey: BOB,
    created_at: 1,
    kind: 1,
    tags: [],
    content: "hello",
    sig: "f".repeat(128),
  };
  const text = textOf(card({ kind: 6, content: JSON.stringify(copy), tags: [["e", copy.id]] }));
  expect(text).toContain("hello");
  expect(text).toContain("not checked");
});

describe("hostile events", () => {
  const long = "x".repeat(50_000);
  test.each([...COMMON_KINDS, 65_535])("of kind %i become a card of bounded length", (kind) => {
    const names =
      "e p a r t d title image price option imeta url bolt11 description relay k content-warning word".split(
        " ",
      );
    const tags = names.flatMap((name) => [
      [name],
      [name, ""],
      [name, long],
      [name, "javascript:alert(1)", "\u202e"],
    ]);
    const many = Array.from({ length: 600 }, () => ["p", BOB]);
    for (const content of ["", '{"name":5,"pubkey":{}}', long, "\u202e\u0000"]) {
      const html = card({ kind, content, tags: [...tags, ...many], created_at: Number.MAX_SAFE_INTEGER });
      expect(html).not.toContain('="javascript:');
      expect(html.length).toBeLessThan(40_000);
    }
  });
});
