/** Counts the matches of one filter where they are, in the database. */
import { prepare } from "../walks/conditions.ts";
import { costOf, type Database } from "../database/database.ts";
import { type ListAsked, listedEntries, type ListPlace } from "../walks/entries.ts";
import { costOfTesting, type Driver, driversOf, type Part, stretchesOf } from "../walks/plan.ts";
import { LEAST_OF_STEP, STEP_ENTRIES, type Work } from "../work.ts";

/** A counted entry takes a half of the time of one that is returned. */
const COUNTED_FOR_ENTRY = 2;

export interface Tally {
  count: number;
  isWhole: boolean;
  /** Whether the caller has ended the work. */
  isStopped: boolean;
}

/**
 * Returns the index to count by. Undefined if there is none in which each match has one place: an event that has two values of a
 * tag is there twice. Addresses are few, and are looked up.
 */
export function tallyDriver(part: Part): Driver | undefined {
  const [first, driver = first] = driversOf(part);
  if (["id", "search", "address"].includes(first.by)) return undefined;
  return driver.by === "tag" && stretchesOf(part, driver) > 1 ? undefined : driver;
}

/** Looks at up to `most` entries, in steps. */
export async function* tally(db: Database, part: Part, driver: Driver, most: number): Work<Tally> {
  const total: Tally = { count: 0, isWhole: false, isStopped: false };
  let after: ListPlace | undefined;
  for (let looked = 0; looked <= most && !total.isWhole && !total.isStopped;) {
    const step = await countStep(db, { part, driver, after, most: most + 1 - looked });
    total.count += step.matching;
    total.isWhole = step.last === undefined;
    after = step.last;
    looked += Math.max(LEAST_OF_STEP, step.looked);
    total.isStopped = (yield { looked: step.cost, charge: step.cost, isLast: total.isWhole }) === 0;
  }
  return total;
}

interface Counted {
  looked: number;
  matching: number;
}

async function countStep(
  db: Database,
  { part, driver, after, most: left }: ListAsked,
): Promise<Counted & { last: ListPlace | undefined; cost: number }> {
  const testing = costOfTesting(part, driver) / COUNTED_FOR_ENTRY;
  const most = Math.ceil(Math.min(STEP_ENTRIES / testing, left));
  const result = await prepare(db, (bind) => {
    const listed = listedEntries({ part, driver, after, most }, "1", undefined, bind);
    // With max, SQLite takes the other columns from the row of the maximum: the last entry.
    return `
SELECT count(*) AS looked, count(found) AS matching, stretch, created_at, seq,
  max(printf('%06d%016d%016d', stretch, created_at, seq)) AS place
FROM (${listed})`;
  }).all<Counted & ListPlace>();
  const [{ looked, matching, ...place } = { looked: 0, matching: 0, stretch: 0, created_at: 0, seq: 0 }] =
    result.results;
  const cost = Math.max(Math.ceil(looked * testing), costOf([result]).rowsRead);
  return { looked, matching, last: looked < most ? undefined : place, cost };
}
