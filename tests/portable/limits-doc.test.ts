/** Compares the numbers in docs/limits.md with the code. */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { MOST_CHARACTERS as MOST_OF_ANSWER } from "../../aggregator/conversation/answer.ts";
import { MOST_LOST } from "../../aggregator/turn/cursor.ts";
import { MOST_CALLS } from "../../aggregator/turn/call-bound.ts";
import { MOST_QUESTIONS as MOST_OF_SECOND } from "../../aggregator/turn/full-second.ts";
import {
  MOST_CHARACTERS as MOST_OF_EXCHANGE,
  NOTICE_TICKS,
  SILENCE_TICKS,
} from "../../aggregator/conversation/line.ts";
import { MOST_QUESTIONS, MOST_SECONDS } from "../../aggregator/pull/pull.ts";
import { PAGE_BYTES } from "../../http/read-events.ts";
import { LONGEST_SEARCH, LONGEST_TEXT, MOST_PHRASES } from "../../nostr/search.ts";
import { BATCH_BYTES, BATCH_EVENTS, BATCH_WORK } from "../../relay/ingest/commit.ts";
import { CHEAP_STEPS, MOST_LOOKED, READS_AT_ONCE } from "../../relay/reads.ts";
import { FEW_VALUES } from "../../relay/session/request.ts";
import { BYTES_AT_ONCE, BYTES_PER_SECOND } from "../../relay/limits/answer-pace.ts";
import { HUB_MEMORY } from "../../relay/limits/hub-memory.ts";
import { QUERY_COST, SIGNATURE_COST, VALUE_FILED_COST } from "../../relay/limits/cost.ts";
import { COST_OF_STRETCH, COST_OF_STRETCH_WITH_KINDS } from "../../store/walks/dense.ts";
import {
  CHARACTERS_FOR_ENTRY,
  HELD_BY_SEARCH,
  HELD_BYTES,
  LISTED_CHARACTERS_FOR_ENTRY,
  READ_BYTES,
  STEP_BYTES,
} from "../../store/walks/read.ts";
import { LOOKED_AT, STEP_COST } from "../../store/removal/removal.ts";
import { EVENTS_FOR_ENTRY, MOST_RANKED, RANKED_CHARACTERS } from "../../store/walks/search-walk.ts";
import { MOST_BYTES, MOST_STATEMENTS } from "../../store/database/shared-batches.ts";
import {
  BYTES_FOR_EVENT,
  ENTRIES_FOR_EVENT,
  LEAST_BYTES,
  SHORT_EVENT_BYTES,
} from "../../store/walks/walk.ts";
import { BYTES_FOR_ENTRY, LEAST_OF_STEP, STEP_ENTRIES } from "../../store/work.ts";
import { RANGES } from "../../telemetry/stats-answer.ts";
import { MOST_REPORTERS } from "../../telemetry/sums.ts";

const LIMITS = readFileSync(new URL("../../docs/limits.md", import.meta.url), "utf8");
const ROWS = LIMITS.split("\n").filter((line) => line.startsWith("| "));

it.each<[string, number[]]>([
  ["index entries that one step looks at", [STEP_ENTRIES]],
  ["rows that one read looks at", [MOST_LOOKED]],
  ["rows that a step counts as, at least", [LEAST_OF_STEP, MOST_LOOKED / LEAST_OF_STEP]],
  ["steps in one turn", [CHEAP_STEPS.cost, CHEAP_STEPS.most]],
  [
    "events that one step returns",
    [Math.floor(STEP_BYTES / SHORT_EVENT_BYTES), Math.floor(STEP_ENTRIES / ENTRIES_FOR_EVENT)],
  ],
  ["bytes of events that one step returns", [LEAST_BYTES, BYTES_FOR_EVENT, STEP_BYTES, READ_BYTES]],
  ["stored events sent to one network", [BYTES_AT_ONCE, BYTES_PER_SECOND]],
  ["subscriptions  ", [HUB_MEMORY.subscriptions]],
  ["snapshots of reconciliations", [HUB_MEMORY.snapshots]],
  ["what one step of a read returns", [2_000_000]],
  ["what reads that share a batch return", [MOST_BYTES, MOST_STATEMENTS]],
  ["what a read holds between two turns", [HELD_BYTES, HELD_BY_SEARCH]],
  ["one REQ or COUNT, for each filter", [QUERY_COST]],
  ["ids, authors, kinds and tag values", [LISTED_CHARACTERS_FOR_ENTRY]],
  ["each of several authors, kinds or tag values", [COST_OF_STRETCH, COST_OF_STRETCH_WITH_KINDS]],
  ["subscribing to these values", [FEW_VALUES, VALUE_FILED_COST]],
  ["words of a search", [MOST_PHRASES, LONGEST_SEARCH, EVENTS_FOR_ENTRY]],
  ["matches of a search that are ranked", [MOST_RANKED, CHARACTERS_FOR_ENTRY]],
  ["text of each match that is ranked", [RANKED_CHARACTERS]],
  ["reads that run at once", [READS_AT_ONCE.mostOfClient, READS_AT_ONCE.most]],
  ["index entries that these reads are expected", [READS_AT_ONCE.mostCostOfClient, READS_AT_ONCE.mostCost]],
  ["checking the id and the signature", [SIGNATURE_COST]],
  ["text of an event that is searched", [LONGEST_TEXT]],
  ["events in one batch of commits", [BATCH_EVENTS]],
  ["bytes in one batch", [BATCH_BYTES]],
  ["work of one batch", [BATCH_WORK]],
  ["questions and time of one pull", [MOST_QUESTIONS, MOST_SECONDS]],
  ["calls of one pull to the database and queues", [MOST_CALLS]],
  ["silence in an answer", [SILENCE_TICKS, NOTICE_TICKS]],
  ["events of one answer", [MOST_OF_ANSWER]],
  ["all that arrives during one answer", [MOST_OF_EXCHANGE]],
  ["questions for one second", [MOST_OF_SECOND]],
  ["lost ranges", [MOST_LOST]],
  ["events that one step of a removal", [LOOKED_AT]],
  ["bytes of tags that one step removes", [STEP_COST]],
  ["samples of the last hour, day, month", [RANGES.hour.steps, RANGES.day.steps, RANGES.month.steps]],
  ["reporters of gauges", [MOST_REPORTERS]],
])("docs/limits.md says of %s what the code has", (bound, numbers) => {
  const rows = ROWS.filter((row) => row.startsWith(`| ${bound}`));
  expect(rows).toHaveLength(1);
  const said = [...(rows[0] ?? "").matchAll(/\d[\d,]*/g)].map(([number]) =>
    Number(number.replaceAll(",", "")),
  );
  for (const number of numbers) expect(said).toContain(number);
});

it("docs/limits.md says what a turn of a read counts for", () => {
  expect(LIMITS).toContain(`each turn of a read counts ${READS_AT_ONCE.turnCost.toLocaleString("en")} more`);
  expect(LIMITS).toContain(`each ${BYTES_FOR_ENTRY} bytes of events`);
});

it("docs/limits.md says how much one page over HTTP holds", () => {
  expect(LIMITS).toContain(`${PAGE_BYTES.toLocaleString("en")} bytes of events`);
});
