/** Counting events (NIP-45): canonical filters by their counter, others one by one, up to a bound. */
import { canonicalTarget } from "../../nostr/hyperloglog.ts";
import { countTarget } from "./counter.ts";
import type { Database } from "../database/database.ts";
import type { Dense } from "../walks/dense.ts";
import { partsOf } from "../walks/plan.ts";
import { isWhole, numberOf, questionOf, walkAll } from "../walks/read.ts";
import { estimate } from "./sample.ts";
import type { Countable, CountResult } from "../store.ts";
import { type Tally, tally, tallyDriver } from "./tally.ts";
import { NO_JSON } from "../walks/walk.ts";
import { LEAST_OF_STEP, type Work } from "../work.ts";

export interface CountBounds {
  /** Maximum number of rows of one exact count. Beyond it the count is estimated. */
  walk: number;
  /** Work of an estimate, in index entries. It looks at two rows for each. */
  sample: number;
}

const BOUNDS: CountBounds = { walk: 80_000, sample: 10_000 };

export async function* countEvents(
  db: Database,
  countables: Countable[],
  dense: Dense,
  bounds: CountBounds = BOUNDS,
): Work<CountResult> {
  const [first, ...others] = countables;
  const target = first && others.length === 0 && first.keyword === undefined && canonicalTarget(first.filter);
  return yield* target ? countTarget(db, first, target) : countOneByOne(db, countables, dense, bounds);
}

async function* countOneByOne(
  db: Database,
  countables: Countable[],
  dense: Dense,
  { walk: mostLooked, sample }: CountBounds,
): Work<CountResult> {
  const [part, ...others] = countables.flatMap(partsOf);
  const driver = part && others.length === 0 ? tallyDriver(part) : undefined;
  const { count, isWhole, isStopped } = yield* part && driver
    ? tally(db, part, driver, mostLooked)
    : countFound(db, countables, dense, mostLooked);
  if (isStopped || isWhole) return { count, isEstimate: !isWhole };
  const estimated = yield* estimate(db, countables, sample);
  return { count: Math.max(count, estimated), isEstimate: true };
}

/** Counts different events that are found, because several filters or parts may find the same. */
async function* countFound(
  db: Database,
  countables: Countable[],
  dense: Dense,
  mostLooked: number,
): Work<Tally> {
  const questions = countables.map((countable) => questionOf({ ...countable, limit: Infinity }, dense));
  const walking = walkAll(db, questions, NO_JSON);
  let looked = 0;
  let isStopped = false;
  for (let step = await walking.next(); !step.done;) {
    looked += Math.max(LEAST_OF_STEP, step.value.looked);
    isStopped = (yield step.value) === 0;
    step = await walking.next(isStopped ? 0 : Math.max(0, mostLooked - looked));
  }
  const walks = questions.flatMap((question) => question.walks);
  const count = numberOf(walks.flatMap(({ found }) => found));
  return { count, isWhole: looked <= mostLooked && questions.every(isWhole), isStopped };
}
