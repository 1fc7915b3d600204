import { expect, it } from "vitest";
import { keyHash, KeySet } from "./key-set.ts";

it("has every key that was added and not removed, also when hashes are the same", () => {
  const keys = new KeySet();
  for (const hash of [1, 1, 1, 2]) keys.add(hash);
  keys.remove(1);
  keys.remove(2);
  keys.remove(3);
  expect([keys.has(1), keys.has(2), keys.size]).toEqual([true, false, 1]);
  keys.remove(1);
  keys.remove(1);
  expect([keys.has(1), keys.size]).toEqual([false, 0]);
});

it("gives keys hashes of 30 bits that seldom meet, and others with another seed", () => {
  const hashes = Array.from({ length: 20_000 }, (_, n) =>
    keyHash(`#e${n.toString(16).padStart(64, "0")}`, 7),
  );
  expect(Math.min(...hashes)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...hashes)).toBeLessThan(2 ** 30);
  expect(new Set(hashes).size).toBeGreaterThan(19_990);
  expect(keyHash("k1", 7)).not.toBe(keyHash("k1", 8));
});
