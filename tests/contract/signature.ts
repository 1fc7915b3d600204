/** What every check of signatures must do (BIP-340). What it answers is compared with noble, and with how a case was made. */
import { schnorr, secp256k1 } from "@noble/curves/secp256k1.js";
import { hexToBytes } from "@noble/hashes/utils.js";
import { describe, expect, it } from "vitest";
import { verifySignature, type Verify } from "../../nostr/signature.ts";
import { BIP340_VECTORS } from "../reference/bip340.ts";
import { pick, type Random, seeded } from "../reference/generators.ts";

type Signed = Parameters<Verify>[0];

/** The size of the field and the order of the curve. */
const P = 2n ** 256n - 2n ** 32n - 977n;
const N = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
/** At and past every bound. */
const EDGES = [0n, 1n, P - 1n, P, P + 1n, N - 1n, N, N + 1n, 2n ** 256n - 1n].map(hex);
/** Keys and nonces for which sums and doublings meet: P = G, R = G, R = P, R = -P, and a root of the endomorphism. */
const SMALL = [1n, 2n, 3n, 4n, 2n ** 128n, N - 1n, N - 2n, (N - 1n) / 2n, (N + 1n) / 2n];
const LAMBDA = 0x5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72n;
const ID = "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89";

/** `amount`: how many random signatures. Each is also tried with something changed. */
export function describeSignatures(verify: Verify, amount: number, seed = 1): void {
  describe("test vectors of BIP-340", () => {
    it.each(BIP340_VECTORS)("$about", ({ valid, ...event }) => {
      expect(verify(event)).toBe(valid);
      expect(verifySignature(event)).toBe(valid);
    });
  });

  it("refuses r, s and the x of the key at and past every bound", () => {
    const good = sign(5n, 7n, ID);
    const { r, s } = partsOf(good);
    const wrong: Signed[] = [];
    for (const a of [r, ...EDGES])
      for (const b of [s, ...EDGES])
        for (const pubkey of [good.pubkey, ...EDGES]) wrong.push({ id: ID, pubkey, sig: a + b });
    expect(wrong.filter(verify)).toEqual([good]);
    expect(wrong.filter(verifySignature)).toEqual([good]);
  });

  it("takes keys and nonces for which points meet, and refuses R with an odd y", () => {
    for (const key of [...SMALL, LAMBDA])
      for (const nonce of [...SMALL, LAMBDA])
        for (const id of [ID, hex(0n), hex(N), hex(2n ** 256n - 1n)]) {
          expect(verify(sign(key, nonce, id))).toBe(true);
          expect(verify(sign(key, nonce, id, "odd"))).toBe(false);
        }
  });

  it("refuses an R at infinity, whatever r is", () => {
    for (const key of [...SMALL, LAMBDA])
      for (const r of [...EDGES, sign(key, 7n, ID).pubkey]) {
        const { pubkey, secret } = evenKey(key);
        expect(verify({ id: ID, pubkey, sig: r + hex((challenge(r, pubkey, ID) * secret) % N) })).toBe(false);
      }
  });

  it("refuses keys and r that are no x of a point", () => {
    const good = sign(5n, 7n, ID);
    const { s } = partsOf(good);
    const none = Array.from({ length: 40 }, (_, n) => hex(BigInt(n))).filter((x) => !isOnCurve(x));
    expect(none.length).toBeGreaterThan(10);
    for (const x of none) {
      expect(verify({ ...good, pubkey: x })).toBe(false);
      expect(verify({ ...good, sig: x + s })).toBe(false);
    }
  });

  const timeout = 120_000 + amount * 50;
  it(
    `agrees with noble on ${amount} random signatures, and on each with something changed`,
    () => {
      const random = seeded(seed);
      for (let n = 0; n < amount; n += 1) {
        const event = randomlySigned(random);
        const changed = change(event, random);
        expect({ event, answer: verify(event) }).toEqual({ event, answer: true });
        expect({ changed, answer: verify(changed) }).toEqual({ changed, answer: verifySignature(changed) });
      }
    },
    timeout,
  );
}

function randomlySigned(random: Random): Signed {
  const [secret, id, more] = [randomBytes(random), randomBytes(random), randomBytes(random)];
  const pubkey = textOf(schnorr.getPublicKey(secret));
  return { id: textOf(id), pubkey, sig: textOf(schnorr.sign(id, secret, more)) };
}

/** Returns the event with one bit or one part changed. */
function change(event: Signed, random: Random): Signed {
  const { r, s } = partsOf(event);
  const part = pick(random, ["id", "pubkey", "sig"] as const);
  return pick<() => Signed>(random, [
    () => ({ ...event, [part]: withFlippedBit(event[part], random) }),
    () => ({ ...event, [part]: withFlippedBit(event[part], random) }),
    () => ({ ...event, sig: s + r }),
    () => ({ ...event, sig: r + hex(N - BigInt(`0x${s}`)) }),
    () => ({ ...event, sig: r + pick(random, EDGES) }),
    () => ({ ...event, sig: pick(random, EDGES) + s }),
    () => ({ ...event, pubkey: textOf(randomBytes(random)) }),
    () => ({ ...event, id: event.pubkey, pubkey: event.id }),
  ])();
}

function withFlippedBit(text: string, random: Random): string {
  const at = Math.floor(random() * text.length);
  const digit = Number.parseInt(text.charAt(at), 16) ^ (1 << Math.floor(random() * 4));
  return text.slice(0, at) + digit.toString(16) + text.slice(at + 1);
}

/** Signs as BIP-340 says, with a chosen nonce. "odd": R gets an odd y, and everything else is right. */
function sign(key: bigint, nonce: bigint, id: string, y: "even" | "odd" = "even"): Signed {
  const { pubkey, secret } = evenKey(key);
  const { pubkey: r, secret: even } = evenKey(nonce);
  const k = y === "even" ? even : N - even;
  return { id, pubkey, sig: r + hex((k + challenge(r, pubkey, id) * secret) % N) };
}

/** Returns the x of a secret's point, and the secret or its negative: the one whose point has an even y. */
function evenKey(secret: bigint): { pubkey: string; secret: bigint } {
  const { x, y } = secp256k1.Point.BASE.multiply(secret).toAffine();
  return { pubkey: hex(x), secret: y % 2n === 0n ? secret : N - secret };
}

function challenge(r: string, pubkey: string, id: string): bigint {
  const hash = schnorr.utils.taggedHash("BIP0340/challenge", ...[r, pubkey, id].map(hexToBytes));
  return BigInt(`0x${textOf(hash)}`) % N;
}

function isOnCurve(x: string): boolean {
  try {
    return schnorr.utils.lift_x(BigInt(`0x${x}`)) !== undefined;
  } catch {
    return false;
  }
}

function partsOf({ sig }: Signed): { r: string; s: string } {
  return { r: sig.slice(0, 64), s: sig.slice(64) };
}

function randomBytes(random: Random): Uint8Array {
  return Uint8Array.from({ length: 32 }, () => Math.floor(random() * 256));
}

function hex(number: bigint): string {
  return number.toString(16).padStart(64, "0");
}

function textOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
