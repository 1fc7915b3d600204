import * as fc from "fast-check";
import { expect, it } from "vitest";
import { normalizeRelayUrl } from "./relay-url.ts";

it.each([
  ["wss://relay.example", "wss://relay.example"],
  ["wss://relay.example/", "wss://relay.example"],
  ["WSS://Relay.EXAMPLE:443/", "wss://relay.example"],
  ["ws://relay.example:80", "ws://relay.example"],
  ["ws://relay.example:443", "ws://relay.example:443"],
  ["wss://relay.example:8080//a///b/", "wss://relay.example:8080/a/b"],
  ["wss://relay.example/a#top", "wss://relay.example/a"],
  ["wss://relay.example/?x=1", "wss://relay.example?x=1"],
  ["wss://relay.example/Path?q=A%20b", "wss://relay.example/Path?q=A%20b"],
  ["wss://user:secret@relay.example", "wss://user:secret@relay.example"],
  ["wss://user@relay.example/", "wss://user@relay.example"],
  ["wss://[2001:DB8::1]:443", "wss://[2001:db8::1]"],
  ["wss://bücher.example", "wss://xn--bcher-kva.example"],
  [" wss://relay.example ", "wss://relay.example"],
])("%j is %j", (text, expected) => {
  expect(normalizeRelayUrl(text)).toBe(expected);
});

it.each([
  "",
  "relay.example",
  "https://relay.example",
  "wss:",
  "wss://",
  "//relay.example",
  "wss://a b",
  "ws://x:99999",
])("%j is no relay address", (text) => {
  expect(normalizeRelayUrl(text)).toBeUndefined();
});

it("normalising twice changes nothing", () => {
  const url = fc.webUrl({ validSchemes: ["ws", "wss"], withFragments: true, withQueryParameters: true });
  fc.assert(
    fc.property(url, (text) => {
      const once = normalizeRelayUrl(text);
      expect(once).toBeDefined();
      expect(normalizeRelayUrl(once!)).toBe(once);
    }),
  );
});
