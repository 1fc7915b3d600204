import { npubEncode } from "nostr-tools/nip19";
import { expect, test } from "vitest";
import type { Event } from "../../nostr/event.ts";
import { COMMON_KINDS } from "../../nostr/kinds.ts";
import { summaryOf } from "./summary.ts";

const KEY = "a".repeat(64);

function summary(fields: Partial<Event>): string {
  const event = { id: KEY, pubkey: KEY, created_at: 1, kind: 1, tags: [], content: "", sig: "" };
  return summaryOf({ ...event, ...fields }, new Map());
}

test.each([
  [
    "a note",
    { content: `Hi nostr:${npubEncode(KEY)},\n\nsee https://a.example/long/path` },
    "Hi @npub142424…rcaj, see a.example",
  ],
  ["an article", { kind: 30_023, tags: [["title", "Rivers"]], content: "x" }, "Rivers"],
  ["a hidden note", { tags: [["content-warning", ""]], content: "secret" }, "Content warning"],
  ["a message", { kind: 4, content: "secret" }, "Encrypted message"],
  ["an unknown kind", { kind: 54_321, content: "{}" }, "Kind 54321"],
])("%s", (_, fields, text) => {
  expect(summary(fields)).toBe(text);
});

test("every kind has a summary of bounded length", () => {
  for (const kind of COMMON_KINDS) {
    const text = summary({ kind, content: "x ".repeat(50_000), tags: [["alt", "y".repeat(50_000)]] });
    expect(text.length).toBeGreaterThan(0);
    expect(text.length).toBeLessThanOrEqual(200);
  }
});
