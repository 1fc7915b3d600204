/** Estimates how many events match, from one in 16 public events, drawn by their ids (`migrations/0010_samples.sql`). */
import { allOf, type Bind, limitedTo, prepare, timeBounds } from "../walks/conditions.ts";
import { costOf, type Database, type Statement } from "../database/database.ts";
import { costOfTesting, type Part, partsOf, restOf } from "../walks/plan.ts";
import type { Countable } from "../store.ts";
import type { Work } from "../work.ts";

/** `most`: the work, in index entries. It looks at two rows for each. */
export async function* estimate(db: Database, countables: Countable[], most: number): Work<number> {
  const parts = countables.map((countable) => partsOf(countable).filter(({ isPrivate }) => !isPrivate));
  const samples = await db.batch<Sample>(sampleStatements(db, parts, most));
  const rows = Math.max(most, costOf(samples).rowsRead);
  yield { looked: rows, charge: rows };
  const drawn = samples.flatMap(({ results }) => results);
  const matching = new Set(drawn.flatMap(({ seqs }) => JSON.parse(seqs) as number[])).size;
  return Math.round(matching / (drawn[0] ? shareOf(drawn[0]) : 1));
}

interface Sample {
  /** A JSON list of the log positions (seq) that match. */
  seqs: string;
  /** The last id of the sample that was looked at, in hex; null if the whole sample was. */
  last: string | null;
}

/** One in this many public events is in the index event_sample. */
const SAMPLE_STRIDE = 16;
/** The sample starts at this id. Ids below it are not random: they come from proof of work (NIP-13). */
const FIRST_ID = "10";

/**
 * Statements that test the first public events of the sample, in the order of their ids. Private events are not in it.
 */
function sampleStatements(db: Database, questions: Part[][], most: number): Statement[] {
  const costs = questions.flat().map((part) => costOfTesting(part, { by: "log" }));
  const places = Math.ceil(most / costs.reduce((sum, one) => sum + one, 1));
  return questions.map((parts) =>
    prepare(
      db,
      (bind) => `
WITH place AS MATERIALIZED (
  SELECT seq, id FROM event INDEXED BY event_sample
  WHERE private = 0 AND substr(id, 32, 1) < x'10' AND id >= x'${FIRST_ID}' ORDER BY id ${limitedTo(places, bind)}
)
SELECT json_group_array(e.seq) FILTER (WHERE ${matchesOne(parts, bind)}) AS seqs,
  iif(count(*) < ${bind(places)}, NULL, hex(max(place.id))) AS last
FROM place CROSS JOIN event AS e ON e.seq = place.seq`,
    ),
  );
}

/** Returns the share of all public events that the sample covers. Ids are evenly distributed. */
function shareOf({ last }: Sample): number {
  return (last === null ? 1 - fractionOf(FIRST_ID) : fractionOf(last) - fractionOf(FIRST_ID)) / SAMPLE_STRIDE;
}

/** Returns the position of an id among all possible ids, from 0 to 1. */
function fractionOf(hex: string): number {
  return Number.parseInt(hex.slice(0, 12).padEnd(12, "0"), 16) / 2 ** 48;
}

function matchesOne(parts: Part[], bind: Bind): string {
  const conditions = parts.map(
    (part) => `(${allOf([...timeBounds(part.filter, bind, "e"), restOf(part, { by: "log" }, bind)])})`,
  );
  return ["false", ...conditions].join(" OR ");
}
