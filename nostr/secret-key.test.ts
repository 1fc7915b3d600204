import { hexToBytes } from "@noble/hashes/utils.js";
import { nsecEncode } from "nostr-tools/nip19";
import { getPublicKey } from "nostr-tools/pure";
import { expect, it } from "vitest";
import { SECRET_HEX } from "../tests/fixtures/author.ts";
import { authentication } from "./authentication.ts";
import { parseSecretKey, signEvent } from "./secret-key.ts";
import { forgeryOf, verifySignature } from "./signature.ts";

it.each([
  [SECRET_HEX, SECRET_HEX],
  [nsecEncode(hexToBytes(SECRET_HEX)), SECRET_HEX],
  ["0".repeat(64), undefined],
  ["f".repeat(64), undefined],
  [SECRET_HEX.slice(1), undefined],
  ["nsec1qqqqqqqq", undefined],
  ["", undefined],
])("reads %s", (text, key) => {
  expect(parseSecretKey(text)).toBe(key);
});

it("signs an event that verifies", () => {
  const event = signEvent({ kind: 1, created_at: 5, tags: [["t", "x"]], content: "日" }, SECRET_HEX);
  expect(event.pubkey).toBe(getPublicKey(hexToBytes(SECRET_HEX)));
  expect(forgeryOf(event, verifySignature)).toBeUndefined();
});

it("[42] an authentication names the relay and repeats its challenge", () => {
  const event = authentication({ relay: "wss://relay.example/", challenge: "abc", now: 7 }, SECRET_HEX);
  expect(event).toMatchObject({
    kind: 22_242,
    created_at: 7,
    content: "",
    tags: [
      ["relay", "wss://relay.example/"],
      ["challenge", "abc"],
    ],
  });
  expect(forgeryOf(event, verifySignature)).toBeUndefined();
});
