import { expect, it } from "vitest";
import { signed } from "../tests/fixtures/author.ts";
import { BIP340_VECTORS } from "../tests/reference/bip340.ts";
import { verifySignature } from "./signature.ts";

it.each(BIP340_VECTORS)("BIP-340, vector $about", ({ valid, ...event }) => {
  expect(verifySignature(event)).toBe(valid);
});

it("[2] belongs to one id and one pubkey", () => {
  const [a, b] = [signed("a"), signed("b")];
  expect(verifySignature(a)).toBe(true);
  expect(verifySignature({ ...a, id: b.id })).toBe(false);
  expect(verifySignature({ ...a, sig: b.sig })).toBe(false);
  expect(verifySignature({ ...a, pubkey: BIP340_VECTORS[0]!.pubkey })).toBe(false);
});

it.each(["0".repeat(128), "f".repeat(128)])("the signature %s is false, and no exception", (sig) => {
  expect(verifySignature({ ...signed("a"), sig })).toBe(false);
});
