/** Random numbers that are the same for the same seed. */

export type Random = () => number;

/** Returns numbers from 0 up to 1 (mulberry32). */
export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function below(random: Random, count: number): number {
  return Math.floor(count * random());
}

export function pick<T>(random: Random, from: readonly T[]): T {
  const picked = from[below(random, from.length)];
  if (picked === undefined) throw new Error("nothing to pick from");
  return picked;
}

/** Returns this many different elements, or all if there are fewer. `draw` says which is likely. */
export function someOf<T>(from: readonly T[], count: number, draw: () => T): T[] {
  const some = new Set<T>();
  for (let tries = 0; some.size < count && tries < 20 * count; tries += 1) some.add(draw());
  for (const one of from) {
    if (some.size >= count) break;
    some.add(one);
  }
  return [...some];
}

/** Returns a function that draws an index below `count`: index n has the weight 1 / (n + 1 + `flat`), as in Zipf's law. */
export function zipf(count: number, flat = 0): (random: Random) => number {
  const sums: number[] = [];
  let sum = 0;
  for (let n = 0; n < count; n += 1) sums.push((sum += 1 / (n + 1 + flat)));
  return (random) => {
    const wanted = sum * random();
    let low = 0;
    let high = count - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sums[middle] ?? 0) <= wanted) low = middle + 1;
      else high = middle;
    }
    return low;
  };
}

export function hexOf(random: Random, bytes = 32): string {
  return Array.from({ length: bytes }, () => below(random, 256).toString(16).padStart(2, "0")).join("");
}
