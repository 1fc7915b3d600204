/**
 * Finds out whether an upstream lists only a part of what it holds (NIP-77), such as its newest 500 events: some apply the default
 * limit of a REQ to NEG-OPEN too. A comparison never brings what they leave out.
 */
import { DAY, type Slices } from "../../store/database/slices.ts";
import type { Range } from "../../store/upstreams/upstream-cursor.ts";
import { ofUpstream } from "../conversation/upstream-span.ts";
import { keepBounds, patience } from "../turn/inquiry.ts";
import type { Job } from "../turn/job.ts";
import { readPage } from "../turn/page.ts";
import type { Turn } from "../turn/turns.ts";
import { wasLeftToPages } from "./compare-turn.ts";

/** A few more events than are listed may have arrived since, or be of a kind that the upstream does not list. */
const TOLERATED = 10;
const REASON = "it lists only a part of the events that it holds";

/**
 * Asks by a REQ for the oldest events that are listed, and for what is older: at once after the first comparison, and then once a
 * day. If more come than are listed, the pages take over. Returns whether they do. `former` is the turn before the comparison.
 */
export async function listsOnlyPart(job: Job, turn: Turn, former: Readonly<Turn>): Promise<boolean> {
  const { cursor, unfinished } = turn;
  const { slices } = cursor;
  const now = job.deps.now();
  if (!slices || unfinished.length > 0 || now - (slices.checkedAt ?? 0) < DAY) return false;
  const isPartial = await holdsMore(job, slices);
  if (!isPartial) {
    turn.cursor = { ...cursor, slices: { ...slices, checkedAt: now } };
    return false;
  }
  const { floor, rules } = slices;
  turn.cursor = { ...cursor, slices: { floor, slices: [], rules, refused: { at: now, reason: REASON } } };
  turn.unfinished = leftToPages(former, floor);
  job.findings.speaksNegentropy = false;
  job.speaksNegentropy = false;
  return true;
}

/** What comes is only counted: if it is missing here, the pages bring it. */
async function holdsMore(job: Job, { floor, slices }: Slices): Promise<boolean> {
  // Below the oldest slice with events are those of days without any.
  const oldest = slices.find(({ held }) => held > 0) ?? slices.at(-1);
  const limit = (oldest?.held ?? 0) + TOLERATED + 1;
  // If the listing ends at the limit of a REQ, its oldest slice has far fewer events than that.
  if (!oldest || limit > job.limits.most) return false;
  await keepBounds(job);
  job.asked += 1;
  const question = { ...job.turn.filter, since: floor, until: oldest.until - 1, limit };
  const parent = job.span.traceparent;
  const about = { parent, ...ofUpstream(job.url) };
  const answer = await job.deps.tracer.span("handle_message", about, () =>
    job.upstream.ask(question, patience(job)),
  );
  job.findings.received += answer.events.length;
  return readPage(question, answer, new Set()).fresh >= limit;
}

/** Either the pages go on where they stood, or everything is left to them. */
function leftToPages({ cursor, unfinished }: Readonly<Turn>, floor: number): Range[] {
  if (wasLeftToPages(cursor, floor)) return unfinished;
  return [{ since: Math.min(floor, ...unfinished.map(({ since }) => since)) }];
}
