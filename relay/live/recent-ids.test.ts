import * as fc from "fast-check";
import { expect, it } from "vitest";
import { RecentIds } from "./recent-ids.ts";

it("knows the ids that were added last, and no others", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.integer({ min: 0, max: 8 }), { maxLength: 60 }),
      (most, ids) => {
        const recent = new RecentIds(most);
        let known: string[] = [];
        for (const id of ids.map(String)) {
          expect(recent.add(id)).toBe(!known.includes(id));
          if (!known.includes(id)) known = [...known, id].slice(-most);
        }
      },
    ),
  );
});
