import { neventEncode, noteEncode, npubEncode } from "nostr-tools/nip19";
import { expect, test } from "vitest";
import { tokensOf } from "./text-tokens.ts";

const KEY = "a".repeat(64);
const shown = (text: string) =>
  tokensOf(text).map((token) => {
    if (token.kind === "text") return token.text;
    if (token.kind === "link") return [token.url.href];
    if (token.kind === "hashtag") return [`#${token.tag}`];
    return [token.kind === "person" ? token.pubkey : token.code];
  });

test.each([
  ["see https://a.example/b, now", ["see ", ["https://a.example/b"], ", now"]],
  ["(https://a.example/b_(c))", ["(", ["https://a.example/b_(c)"], ")"]],
  ["javascript:alert(1) data:text/html,x", ["javascript:alert(1) data:text/html,x"]],
  ["https://user:word@a.example/", ["https://user:word@a.example/"]],
  ["https://a.example/#part is no tag", [["https://a.example/#part"], " is no tag"]],
  ["#日本語 and #Grüße, not a#b or #1", [["#日本語"], " and ", ["#Grüße"], ", not a#b or #1"]],
  ["nostr:npub1wrong", ["nostr:npub1wrong"]],
  [`hi nostr:${npubEncode(KEY)}!`, ["hi ", [KEY], "!"]],
  [`nostr:${noteEncode(KEY)}`, [[noteEncode(KEY)]]],
])("%s", (text, tokens) => {
  expect(shown(text)).toEqual(tokens);
});

test("a reference with many relays stays text", () => {
  const code = neventEncode({
    id: KEY,
    relays: Array.from({ length: 100 }, (_, at) => `wss://${at}.example`),
  });
  expect(shown(`nostr:${code}`)).toEqual([`nostr:${code}`]);
});

test("a text of hashtags alone has a bounded number of links, and loses nothing", () => {
  const tokens = shown("#a ".repeat(5000));
  expect(tokens.length).toBeLessThan(1100);
  expect(tokens.flat().join("")).toBe("#a ".repeat(5000));
});
