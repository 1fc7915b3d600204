/** Counts the matches of one filter where they are, in the database. */
import { costOf, type Database, prepare } from "./database.ts";
import { listedEntries, type ListPlace } from "./entries.ts";
import { costOfTesting, driversOf, type Part, stretchesOf } from "./plan.ts";
import { LEAST_OF_STEP, STEP_ENTRIES, type Work } from "./work.ts";

/** A counted entry takes a half of the time of one that is returned. */
const COUNTED_FOR_ENTRY = 2;

export interface Tally {
  count: number;
  isWhole: boolean;
  /** Whether the caller has ended the work. */
  isStopped: boolean;
}

/** Returns whether each match is in one place of an index. An event that has two values of a tag is in two. */
export function canBeTallied(part: Part): boolean {
  const driver = timedDriver(part);
  return driver !== undefined && (driver.by !== "tag" || stretchesOf(part, driver) === 1);
}

function timedDriver(part: Part) {
  const [driver, other = driver] = driversOf(part);
  return other.by === "id" || other.by === "search" ? undefined : other;
}

/** Looks at up to `most` entries, in steps. */
export async function* tally(db: Database, part: Part, most: number): Work<Tally> {
  const total: Tally = { count: 0, isWhole: false, isStopped: false };
  let after: ListPlace | undefined;
  for (let looked = 0; looked <= most && !total.isWhole && !total.isStopped;) {
    const step = await countStep(db, part, after, most + 1 - looked);
    total.count += step.matching;
    total.isWhole = step.last === null;
    after = step.last === null ? undefined : (JSON.parse(step.last) as ListPlace);
    looked += Math.max(LEAST_OF_STEP, step.looked);
    total.isStopped = (yield { looked: step.cost, charge: step.cost, isLast: total.isWhole }) === 0;
  }
  return total;
}

interface Counted {
  looked: number;
  matching: number;
  /** The place of the last entry, as JSON. Null if there are no more. */
  last: string | null;
}

async function countStep(
  db: Database,
  part: Part,
  after: ListPlace | undefined,
  left: number,
): Promise<Counted & { cost: number }> {
  const driver = timedDriver(part) ?? { by: "time" };
  const testing = costOfTesting(part, driver) / COUNTED_FOR_ENTRY;
  const most = Math.ceil(Math.min(STEP_ENTRIES / testing, left));
  const result = await prepare(db, (bind) => {
    const entries = listedEntries({ part, driver, after, most }, "1", undefined, bind);
    // Only if the step is full, SQLite looks for its last entry.
    return `
SELECT count(*) AS looked, count(found) AS matching, iif(count(*) < ${bind(most)}, NULL,
  (SELECT json_object('stretch', stretch, 'created_at', created_at, 'seq', seq) FROM (${entries}) LIMIT 1 OFFSET ${bind(most - 1)})) AS last
FROM (${entries})`;
  }).all<Counted>();
  const [counted = { looked: 0, matching: 0, last: null }] = result.results;
  return { ...counted, cost: Math.max(Math.ceil(counted.looked * testing), costOf([result]).rowsRead) };
}
