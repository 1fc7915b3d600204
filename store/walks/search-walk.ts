/** Walks the full-text index backwards from the newest stored event, one window of the log in each step (NIP-50). */
import type { Event } from "../../nostr/event.ts";
import type { FoundEvent } from "../store.ts";
import { relevanceOf } from "../../nostr/relevance.ts";
import { beginningOf, phrasesOf } from "../../nostr/search.ts";
import { allOf, type Bind, binding, limitedTo, timeBounds } from "./conditions.ts";
import { costOfTesting, type Part, restOf } from "./plan.ts";
import { ftsQuery } from "./search.ts";
import {
  END,
  found,
  foundIn,
  hasEnd,
  hasMark,
  type Room,
  roomFor,
  type Row,
  type Statement,
  type Walk,
} from "./walk.ts";

/** Maximum number of matches that are ranked: the last stored ones. */
export const MOST_RANKED = 200;

/** Maximum number of matches that one step returns: few enough to have the texts of nearly all, which are ranked. */
const STEP_MATCHES = 250;

/** Ranking uses this many characters at the start of each text. */
export const RANKED_CHARACTERS = 2000;

/** Searching this many public events for one phrase costs as much as one index entry. */
export const EVENTS_FOR_ENTRY = 25;

/**
 * Average number of public events between two milestones. Windows end at milestones, so private events do not make
 * them shorter.
 */
const EVENTS_FOR_MILESTONE = 1024;
const MILESTONES = "event INDEXED BY event_milestone WHERE private = 0 AND substr(id, 31, 2) < x'0040'";

/** Casts a bound number: FTS5 uses bounds of the rowid only if they are integers, and D1 binds numbers as reals. */
function integer(value: number, bind: Bind): string {
  return `CAST(${bind(value)} AS INTEGER)`;
}

export class SearchWalk implements Walk {
  readonly found: FoundEvent[] = [];
  isDone = false;
  /** Always undefined: matches are in the order of the log, not of time. */
  readonly reached = undefined;
  readonly testing: number;
  readonly listing = 0;
  private readonly part: Part;
  private readonly phrases: string[];
  private readonly search: string;
  /** The index lists the events of a term. So no time is spent on others, and no window is needed. */
  private readonly isOneTerm: boolean;
  private readonly wanted: number;
  /** The last log position that has not been searched. Undefined: the end of the log. */
  private last: number | undefined;
  private planned = { milestones: 0, tested: 0, events: 0 };
  /** Whether an answer ends with a mark if there are more matches to test. */
  private isMarked = false;
  /** The scores of the first matches. */
  private readonly scores: number[] = [];

  constructor(part: Part, search: string, limit: number) {
    this.part = part;
    this.search = search;
    this.phrases = phrasesOf(search);
    this.isOneTerm = this.phrases.every((phrase) => !phrase.includes(" ")) && this.phrases.length === 1;
    this.testing = costOfTesting(part, { by: "search" });
    this.wanted = Number.isFinite(limit) ? Math.max(limit + 1, MOST_RANKED) : Infinity;
  }

  plan(room: Room): Statement[] {
    const { entries } = room;
    const { bind, params } = binding();
    const milestones = Math.max(1, Math.floor((entries * EVENTS_FOR_ENTRY) / this.costOfMilestone));
    const tested = Math.max(1, Math.floor(entries / this.testing));
    const { events, longest } = roomFor(
      Math.min(tested, this.wanted - this.found.length, STEP_MATCHES),
      room,
    );
    this.planned = { milestones, tested, events };
    const matches = `FROM search WHERE search MATCH ${bind(ftsQuery(this.search))}
      AND ${this.notSearched("rowid", bind)} AND rowid >= (SELECT last FROM milestone) ORDER BY rowid DESC`;
    const rest = [...timeBounds(this.part.filter, bind, "e"), restOf(this.part, { by: "search" }, bind)];
    // D1 counts each row: the milestones are read once, and where it was cut off is only looked up if it was before.
    const sql = `
WITH milestone AS MATERIALIZED (${this.isOneTerm ? "SELECT '[]' AS list, 1 AS last" : this.milestones(milestones, bind)})
SELECT 0 AS seq, 0 AS created_at, list AS found FROM milestone
UNION ALL SELECT * FROM (
  SELECT * FROM (
    SELECT * FROM (SELECT w.seq, e.created_at, iif(${allOf(rest)}, ${found(longest, bind)}, NULL) AS found
      FROM (SELECT rowid AS seq ${matches} ${limitedTo(tested, bind)}) AS w CROSS JOIN event AS e ON e.seq = w.seq)
    UNION ALL ${END} ${limitedTo(tested, bind)}
  ) WHERE found IS NOT NULL
  ${this.isMarked ? `UNION ALL SELECT seq, 0, NULL FROM (SELECT rowid AS seq ${matches} LIMIT 1 OFFSET ${bind(tested - 1)})` : ""}
  ${limitedTo(events, bind)}
)`;
    return [{ sql, params }];
  }

  /** Returns SQL for a list of the next milestones, and where they end. */
  private milestones(most: number, bind: Bind): string {
    return `SELECT json_group_array(seq) AS list, iif(count(*) < ${bind(most)}, 1, min(seq)) AS last FROM (
    SELECT seq FROM ${MILESTONES} AND ${this.notSearched("seq", bind)} ORDER BY seq DESC ${limitedTo(most, bind)})`;
  }

  /** SQL condition: this position of the log is to be searched. */
  private notSearched(column: string, bind: Bind): string {
    return this.last === undefined ? "true" : `${column} <= ${integer(this.last, bind)}`;
  }

  take([[window, ...rows] = [] as Row[]]: Row[][]): number {
    const { milestones, tested, events } = this.planned;
    const marks = JSON.parse(window?.found ?? "[]") as number[];
    const matches = foundIn(rows);
    this.found.push(...matches);
    const isCut = hasMark(rows) || (!hasEnd(rows) && matches.length < events);
    this.isMarked ||= isCut;
    const end = marks.length < milestones ? 1 : (marks.at(-1) ?? 1);
    // If it was cut off without a mark, it goes on after the last match: the next step looks at some entries again.
    const reached = hasEnd(rows) ? end : rows.at(-1)?.seq;
    if (reached !== undefined) this.last = reached - 1;
    this.isDone = this.last === 0 || this.found.length >= this.wanted;
    const passed = reached === undefined ? 0 : marks.filter((seq) => seq >= reached).length;
    return (isCut ? tested : rows.length) + Math.ceil((passed * this.costOfMilestone) / EVENTS_FOR_ENTRY);
  }

  /** Work between two milestones: events times phrases. */
  private get costOfMilestone(): number {
    return EVENTS_FOR_MILESTONE * this.phrases.length;
  }

  /**
   * Scores the next matches, up to this many characters of text, and returns the number of characters. Returns 0 if all
   * ranked matches have a score. A long event comes without its text and gets the lowest score.
   */
  score(characters: number): number {
    let cut = 0;
    while (cut < characters && this.scores.length < Math.min(MOST_RANKED, this.found.length)) {
      const text = rankedText(this.found[this.scores.length]);
      this.scores.push(relevanceOf(text, this.phrases));
      cut += Math.max(1, text.length);
    }
    return cut;
  }

  /** Returns the matches, best first, at the same score the newest first. */
  ranked(newestFirst: (a: FoundEvent, b: FoundEvent) => number): FoundEvent[] {
    const scored = this.found.map((event, at) => ({ event, score: this.scores[at] ?? 0 }));
    return scored
      .sort((a, b) => b.score - a.score || newestFirst(a.event, b.event))
      .map(({ event }) => event);
  }
}

/** Returns the text of a match that its rank depends on. Empty if the event is long: then it came without its JSON. */
export function rankedText(event: FoundEvent | undefined): string {
  return event?.json === undefined ? "" : beginningOf(JSON.parse(event.json) as Event, RANKED_CHARACTERS);
}
