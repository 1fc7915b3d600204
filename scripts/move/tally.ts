/** Counts what became of the lines of an import or the events of a sync, and shows the first refusals. */
import { note } from "../shared/printing.ts";
import { countOf } from "../shared/units.ts";

/** What became of an event or of a line. */
export type Fate =
  | "stored"
  | "duplicate"
  | "superseded"
  | "refused"
  | "filtered"
  | "ephemeral"
  | "other"
  | "withheld"
  | "restored"
  | "unrestored";

export type Counts = Record<Fate, number>;

/** So many refusals are printed. The others are only counted. */
const MOST_REASONS = 20;

const WORDS: Record<Fate, string> = {
  stored: "stored",
  duplicate: "already there",
  superseded: "superseded by a newer version",
  refused: "refused",
  filtered: "do not match the filter",
  ephemeral: "ephemeral, not sent",
  other: "lines without an event",
  withheld: "listed, but not sent",
  restored: "decisions and upstreams restored",
  unrestored: "decisions and upstreams, not restored without --everything",
};

export class Tally {
  readonly counts: Counts;

  /** Goes on with the counts of an interrupted import. */
  constructor(counts: Partial<Counts> = {}) {
    const zero = Object.fromEntries(Object.keys(WORDS).map((fate) => [fate, 0])) as Counts;
    this.counts = { ...zero, ...counts };
  }

  add(fate: Exclude<Fate, "refused">): void {
    this.counts[fate] += 1;
  }

  /** `what` is the line or the event. */
  refuse(what: string, reason: string): void {
    this.counts.refused += 1;
    if (this.counts.refused <= MOST_REASONS) note(`${what} was refused: ${reason}`);
    if (this.counts.refused === MOST_REASONS) note("further refusals are counted, and not shown");
  }

  /** How many lines or events have come. */
  get lines(): number {
    return Object.values(this.counts).reduce((sum, count) => sum + count, 0);
  }

  /** Returns all in one line, without what did not happen. */
  get text(): string {
    const happened = (Object.keys(WORDS) as Fate[]).filter(
      (fate) => fate === "stored" || fate === "refused" || this.counts[fate] > 0,
    );
    return happened.map((fate) => `${countOf(this.counts[fate])} ${WORDS[fate]}`).join(", ");
  }
}
