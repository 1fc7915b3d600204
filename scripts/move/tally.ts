/** Counts what became of the lines of an import, and remembers the first refusals. */
import { note } from "../shared/printing.ts";
import { countOf } from "../shared/units.ts";

/** What became of an event or of a line. */
export type Fate = "stored" | "duplicate" | "superseded" | "refused" | "filtered" | "ephemeral" | "other";

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
};

export class Tally {
  readonly counts: Counts;

  /** Goes on with the counts of an interrupted import. */
  constructor(counts: Partial<Counts> = {}) {
    const zero = { stored: 0, duplicate: 0, superseded: 0, refused: 0, filtered: 0, ephemeral: 0, other: 0 };
    this.counts = { ...zero, ...counts };
  }

  add(fate: Exclude<Fate, "refused">): void {
    this.counts[fate] += 1;
  }

  refuse(line: number, reason: string): void {
    this.counts.refused += 1;
    if (this.counts.refused <= MOST_REASONS) note(`line ${line} was refused: ${reason}`);
    if (this.counts.refused === MOST_REASONS) note("further refusals are counted, and not shown");
  }

  /** How many lines have come. */
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
