/** Where an import goes on after an interruption. */
import { createHash } from "node:crypto";
import { CommandError } from "../shared/usage.ts";
import type { Position } from "./import-events.ts";
import { type Saved, SavedPlace } from "./saved-place.ts";
import { lookAt } from "./source.ts";
import type { Counts } from "./tally.ts";

interface ImportPlace extends Saved {
  /** The beginning of the source, so that another file with its name is noticed. */
  beginning: Beginning;
  /** Everything before is stored. */
  position: Position;
  counts: Counts;
}

interface Beginning {
  bytes: number;
  sha256: string;
}

const BEGINNING_BYTES = 4096;

export class ResumeFile {
  private readonly source: string;
  private readonly target: string;
  private readonly beginning: Beginning;
  private readonly file: SavedPlace<ImportPlace>;

  constructor(source: string, target: string) {
    this.source = source;
    this.target = target;
    this.beginning = beginningOf(source, BEGINNING_BYTES);
    this.file = new SavedPlace({ path: `${source}.import`, what: "import", isValid });
  }

  /** Returns where to go on. Undefined if no import of this file was interrupted. Throws if it was another import. */
  read(): ImportPlace | undefined {
    const place = this.file.read(this.target);
    if (place && beginningOf(this.source, place.beginning.bytes).sha256 !== place.beginning.sha256)
      throw new CommandError(
        `${this.source} is another file than that of ${this.file.path}: import without --resume`,
      );
    return place;
  }

  /** Saves a position, before which everything is stored, and the counts until there. */
  save(position: Position, counts: Counts): void {
    const { target, beginning } = this;
    this.file.save({ version: 1, target, beginning, position, counts });
  }

  remove(): void {
    this.file.remove();
  }
}

function isValid({ position, beginning, counts }: Partial<ImportPlace>): boolean {
  const numbers = [position?.number, position?.end, beginning?.bytes, ...Object.values(counts ?? {})];
  return numbers.every(Number.isSafeInteger);
}

function beginningOf(source: string, most: number): Beginning {
  const { first } = lookAt(source, Math.min(most, BEGINNING_BYTES));
  return { bytes: first.length, sha256: createHash("sha256").update(first).digest("hex") };
}
