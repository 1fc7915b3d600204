/** The people of the benchmark: keys, and whom they follow. A few of them publish most. */
import { below, pick, type Random, someOf, zipf } from "./random.ts";
import { type Key, keyOf } from "./signing.ts";

const MOST_FOLLOWED = 300;

export interface People {
  all: Key[];
  /** Draws somebody who publishes: the first ones most often. */
  draw(random: Random): Key;
  /** Draws whom somebody follows: mostly few, at most 300. */
  follows(random: Random): string[];
  /** Returns the public keys of this many people, of whom most publish often. */
  some(random: Random, count: number): string[];
}

/** `first` is the secret of the first of them. */
export function peopleOf(count: number, first: number): People {
  const all = Array.from({ length: count }, (_, n) => keyOf(BigInt(first + n)));
  const drawIndex = zipf(count, 10);
  const draw = (random: Random) => all[drawIndex(random)] ?? pick(random, all);
  const some = (random: Random, wanted: number) =>
    someOf(all, Math.min(wanted, count), () => draw(random)).map(({ pubkey }) => pubkey);
  return {
    all,
    draw,
    some,
    follows: (random) =>
      some(random, 10 + Math.floor((MOST_FOLLOWED - 10) * below(random, 1000) ** 3 * 1e-9)),
  };
}
