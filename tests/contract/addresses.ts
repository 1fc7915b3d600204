/** The part of the contract in tests/contract/store.ts that is about filters of authors, kinds and `d` tags. */
import { expect, it } from "vitest";
import { eventId, type Event } from "../../nostr/event.ts";
import type { Store, View } from "../../store/store.ts";
import { countAll, readAll } from "../fixtures/read-all.ts";
import { PUBKEYS, pick, type Random, seeded } from "../reference/generators.ts";
import { matches, survivors, type WireFilter } from "../reference/matcher.ts";
import { queryOf, TIMEOUT } from "./queries.ts";

const NOW = 1_700_000_000;
const AUTHORS = PUBKEYS.slice(0, 3);
const DRAFT = 31_234;
const KINDS = [0, 3, 10_002, 30_000, 30_000, 30_023, DRAFT, 1];
const VALUES = ["", "a", "b", 'quo"te', '["d","a"]', "ab".repeat(32), "日本\u0000", "back\\slash"];

function anEvent(random: Random): Event {
  const draft = {
    pubkey: pick(random, AUTHORS),
    created_at: NOW - Math.floor(random() * 30),
    kind: pick(random, KINDS),
    tags: [
      ...Array.from({ length: Math.floor(random() ** 2 * 5) }, () => aTag(random)),
      ...(random() < 0.1 ? [["expiration", String(NOW + pick(random, [-1, 1]))]] : []),
    ],
    content: "",
  };
  return { ...draft, id: eventId(draft), sig: "ab".repeat(64) };
}

function aTag(random: Random): string[] {
  const roll = random();
  if (roll < 0.1) return ["d"];
  if (roll < 0.2) return [pick(random, ["t", "D", "dd"]), pick(random, VALUES)];
  return ["d", pick(random, VALUES), ...(roll < 0.3 ? ["d"] : [])];
}

function anAddress(random: Random): WireFilter {
  const some = <T>(from: readonly T[]) =>
    Array.from({ length: Math.ceil(random() ** 2 * 3) || 1 }, () => pick(random, from));
  const versions = KINDS.filter((kind) => kind !== 1);
  return {
    authors: some(AUTHORS),
    kinds: some(random() < 0.9 ? versions : KINDS),
    "#d": some([...VALUES, "absent"]),
    ...(random() < 0.2 && { "#t": some(VALUES) }),
    ...(random() < 0.2 && { since: NOW - Math.floor(random() * 30) }),
    ...(random() < 0.2 && { until: NOW - Math.floor(random() * 30) }),
  };
}

export function describeAddresses(store: () => Store, filters: number): void {
  it(
    `finds what has an address, by any of its d tags, as the reference does: ${filters} generated filters`,
    async () => {
      const random = seeded(30_023);
      const made = Array.from({ length: 600 }, () => anEvent(random));
      // What has been replaced or deleted is not found by the tags that it had.
      for (let from = 0; from < made.length; from += 50) await store().commit(made.slice(from, from + 50));
      const kept = survivors(made);
      const gone = kept.filter(({ kind }) => kind === 30_000 && random() < 0.1);
      await store().commit(gone.map(deletionOf));
      const stored = kept.filter((event) => !gone.includes(event) && !isExpired(event));
      const named = new Set<number>();
      for (let tried = 0; tried < filters; tried += 1) {
        const filter = anAddress(random);
        const view: View = { keys: random() < 0.5 ? AUTHORS.slice(0, 1) : [], now: NOW };
        const expected = stored.filter((event) => matches(filter, event) && mayRead(view, event));
        const order = pick(random, ["desc", "asc"] as const);
        if (order === "asc") expected.reverse();
        const limit = pick(random, [0, 1, 2, 50]);
        const { answers } = await readAll(store(), [{ ...queryOf(filter, limit), view, order }]);
        const ids = expected.slice(0, limit).map(({ id }) => id);
        const label = JSON.stringify([filter, view]);
        expect(
          answers[0]!.events.map(({ id }) => id),
          label,
        ).toEqual(ids);
        expect(answers[0]!.more, label).toBe(expected.length > limit);
        const count = await countAll(store(), [{ filter: queryOf(filter, 0).filter, view }]);
        expect(count, label).toMatchObject({ count: expected.length, isEstimate: false });
        named.add(expected.length);
      }
      expect(named.size).toBeGreaterThan(3);
    },
    TIMEOUT,
  );
}

function deletionOf({ pubkey, id }: Event): Event {
  const draft = { pubkey, created_at: NOW, kind: 5, tags: [["e", id]], content: "" };
  return { ...draft, id: eventId(draft), sig: "ab".repeat(64) };
}

function isExpired({ tags }: Event): boolean {
  return tags.some(([name, value]) => name === "expiration" && Number(value) <= NOW);
}

function mayRead({ keys }: View, { kind, pubkey }: Event): boolean {
  return kind !== DRAFT || keys.includes(pubkey);
}
