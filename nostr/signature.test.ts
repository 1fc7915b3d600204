import { describe, expect, it } from "vitest";
import { signed } from "../tests/fixtures/author.ts";
import { verifySignature } from "./signature.ts";

/** Test vectors of BIP-340 with messages of 32 bytes. */
const VECTORS = [
  {
    about: "vector 0",
    pubkey: "f9308a019258c31049344f85f89d5229b531c845836f99b08601f113bce036f9",
    id: "0".repeat(64),
    sig: "e907831f80848d1069a5371b402410364bdf1c5f8307b0084c55f1ce2dca821525f66a4a85ea8b71e482a74f382d2ce5ebeee8fdb2172f477df4900d310536c0",
    valid: true,
  },
  {
    about: "vector 1",
    pubkey: "dff1d77f2a671c5f36183726db2341be58feae1da2deced843240f7b502ba659",
    id: "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
    sig: "6896bd60eeae296db48a229ff71dfe071bde413e6d43f917dc8dcf8c78de33418906d11ac976abccb20b091292bff4ea897efcb639ea871cfa95f6de339e4b0a",
    valid: true,
  },
  {
    about: "vector 5: the public key is not on the curve",
    pubkey: "eefdea4cdb677750a420fee807eacf21eb9898ae79b9768766e4faa04a2d4a34",
    id: "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
    sig: "6cff5c3ba86c69ea4b7376f31a9bcb4f74c1976089b2d9963da2e5543e17776969e89b4c5564d00349106b8497785dd7d1d713a8ae82b32fa79d5f7fc407d39b",
    valid: false,
  },
  {
    about: "vector 14: the public key is larger than the field",
    pubkey: "fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc30",
    id: "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89",
    sig: "6cff5c3ba86c69ea4b7376f31a9bcb4f74c1976089b2d9963da2e5543e17776969e89b4c5564d00349106b8497785dd7d1d713a8ae82b32fa79d5f7fc407d39b",
    valid: false,
  },
];

describe("BIP-340", () => {
  it.each(VECTORS)("$about", ({ valid, ...event }) => {
    expect(verifySignature(event)).toBe(valid);
  });
});

it("[2] belongs to one id and one pubkey", () => {
  const [a, b] = [signed("a"), signed("b")];
  expect(verifySignature(a)).toBe(true);
  expect(verifySignature({ ...a, id: b.id })).toBe(false);
  expect(verifySignature({ ...a, sig: b.sig })).toBe(false);
  expect(verifySignature({ ...a, pubkey: VECTORS[0]!.pubkey })).toBe(false);
});

it.each(["0".repeat(128), "f".repeat(128)])("the signature %s is false, and no exception", (sig) => {
  expect(verifySignature({ ...signed("a"), sig })).toBe(false);
});
