import * as fc from "fast-check";
import { expect, it } from "vitest";
import { type Cursor, NEW_CURSOR } from "../../store/upstreams/upstream-cursor.ts";
import { keyOfFilter, MOST_FILTERS, type UpstreamFilter } from "../../store/upstreams/upstream-settings.ts";
import "../../tests/fixtures/seed.ts";
import { cursorFor, filtersFor, MOST_AUTHORS_OF_UPSTREAM } from "./filters.ts";

const keyOf = (n: number) => n.toString(16).padStart(64, "0");

it("each author is in one filter, and a cursor never claims more than was pulled", () => {
  const change = fc.record({
    removed: fc.array(fc.nat(400), { maxLength: 30 }),
    added: fc.array(fc.nat(400), { maxLength: 30 }),
    isPulled: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(change, { maxLength: 60 }), (changes) => {
      const authors = new Set<string>();
      /** The authors that were ever pulled since they came last. */
      const pulled = new Set<string>();
      let filters: UpstreamFilter[] = [];
      let cursor: Cursor = NEW_CURSOR;
      for (const { removed, added, isPulled } of changes) {
        for (const n of removed) authors.delete(keyOf(n));
        for (const n of added) authors.add(keyOf(n));
        for (const author of pulled) if (!authors.has(author)) pulled.delete(author);
        const next = filtersFor([...authors], filters);
        const moved = cursorFor(next, filters, cursor);
        const all = next.flatMap((filter) => filter.authors ?? []);
        expect(all.toSorted()).toEqual([...authors].sort());
        expect(next.length).toBeLessThanOrEqual(MOST_FILTERS);
        for (const { authors: some = [] } of next) expect(some.length).toBeLessThanOrEqual(200);
        const claimed = next.filter((filter) => moved.filters[keyOfFilter(filter)]);
        const never = claimed
          .flatMap((filter) => filter.authors ?? [])
          .filter((author) => !pulled.has(author));
        expect(never).toEqual([]);
        [filters, cursor] = [next, moved];
        if (!isPulled) continue;
        for (const author of authors) pulled.add(author);
        cursor = {
          version: 2,
          filters: Object.fromEntries(
            next.map((filter) => [keyOfFilter(filter), { pulledTo: 1, pending: [] }]),
          ),
        };
      }
    }),
  );
});

it("an author that comes or goes does not begin the others again", () => {
  const before = filtersFor(
    Array.from({ length: 450 }, (_, n) => keyOf(n)),
    [],
  );
  expect(before.map(({ authors }) => authors?.length)).toEqual([200, 200, 50]);
  const cursor: Cursor = {
    version: 2,
    filters: Object.fromEntries(
      before.map((filter, at) => [keyOfFilter(filter), { pulledTo: at, pending: [] }]),
    ),
  };
  const after = filtersFor(
    Array.from({ length: 450 }, (_, n) => keyOf(n + 1)),
    before,
  );
  expect(after.map(({ authors }) => authors?.length)).toEqual([200, 199, 50, 1]);
  const moved = cursorFor(after, before, cursor);
  expect(after.map((filter) => moved.filters[keyOfFilter(filter)]?.pulledTo)).toEqual([1, 0, 2, undefined]);
});

it("what an upstream holds of more authors is forgotten", () => {
  const before = filtersFor([keyOf(1), keyOf(2)], []);
  const slices = { version: 1, unpaged: [], slices: [] } as never;
  const cursor: Cursor = {
    version: 2,
    filters: { [keyOfFilter(before[0]!)]: { pulledTo: 5, pending: [], slices } },
  };
  expect(cursorFor(before, before, cursor)).toEqual(cursor);
  const after = filtersFor([keyOf(1)], before);
  expect(cursorFor(after, before, cursor).filters[keyOfFilter(after[0]!)]).toEqual({
    pulledTo: 5,
    pending: [],
  });
});

it("as many authors as an upstream may have fit", () => {
  const authors = Array.from({ length: MOST_AUTHORS_OF_UPSTREAM }, (_, n) => keyOf(n));
  expect(filtersFor(authors, []).length).toBeLessThanOrEqual(MOST_FILTERS);
});
