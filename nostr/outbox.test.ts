import { expect, it } from "vitest";
import { followsIn, writeRelaysIn } from "./outbox.ts";
import { normalizePublicUrl } from "./relay-url.ts";

const [ALICE, BOB] = ["a".repeat(64), "b".repeat(64)];

it("a contact list names keys, each once, and nothing else", () => {
  const tags = [
    ["p", ALICE, "wss://relay.example"],
    ["p", BOB],
    ["p", ALICE],
    ["p", "short"],
    ["p"],
    ["e", BOB],
  ];
  expect(followsIn({ tags })).toEqual([ALICE, BOB]);
});

it("an author writes to relays without a mark and to those with write", () => {
  const tags = [
    ["r", "wss://both.example/"],
    ["r", "wss://Write.example", "write"],
    ["r", "wss://read.example", "read"],
    ["r", "wss://both.example"],
    ["r", "ws://127.0.0.1:7777"],
    ["r", "no address"],
    ["r"],
    ["p", "wss://other.example"],
  ];
  expect(writeRelaysIn({ tags })).toEqual(["wss://both.example", "wss://write.example"]);
});

it("only the first ten count", () => {
  const tags = Array.from({ length: 1000 }, (_, n) => ["r", `wss://relay${n}.example`]);
  expect(writeRelaysIn({ tags })).toHaveLength(10);
});

it.each([
  ["wss://relay.example", "wss://relay.example"],
  [" wss://relay.example:443/ ", "wss://relay.example"],
  ["wss://relay.example/path?query", "wss://relay.example/path?query"],
  ["ws://8.8.8.8:7777", "ws://8.8.8.8:7777"],
  ["wss://[2606:4700::1111]", "wss://[2606:4700::1111]"],
])("%s is a public address", (text, url) => {
  expect(normalizePublicUrl(text)).toBe(url);
});

it.each([
  "https://relay.example",
  "wss://localhost",
  "wss://me.localhost:1",
  "wss://relay",
  "wss://relay.local",
  "wss://relay.internal.",
  "wss://abcdefghijklmnop.onion",
  "wss://user:secret@relay.example",
  "ws://127.0.0.1",
  "ws://2130706433",
  "ws://0x7f.1",
  "ws://0.0.0.0",
  "ws://10.1.2.3",
  "ws://172.16.0.1",
  "ws://192.168.1.1",
  "ws://169.254.169.254",
  "ws://100.64.0.1",
  "ws://224.0.0.1",
  "ws://[::1]",
  "ws://[::]",
  "ws://[fd00::1]",
  "ws://[fe80::1]",
  "ws://[::ffff:127.0.0.1]",
  "ws://[::ffff:10.0.0.1]",
  "ws://[64:ff9b::a00:1]",
  `wss://relay.example/${"x".repeat(200)}`,
  "",
])("%s is not", (text) => {
  expect(normalizePublicUrl(text)).toBeUndefined();
});
