/** Where an import goes on after an interruption: a small file beside the source. */
import { createHash } from "node:crypto";
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { note } from "../shared/printing.ts";
import { CommandError, messageOf } from "../shared/usage.ts";
import type { Position } from "./import-events.ts";
import { lookAt } from "./source.ts";
import type { Counts } from "./tally.ts";

/** Version 1 of the file, as JSON. */
interface ResumeState {
  version: 1;
  /** The beginning of the source, so that another file with its name is noticed. */
  beginning: Beginning;
  /** Where the events go, and which: a resumed import must be the same. */
  target: string;
  /** Everything before is stored. */
  position: Position;
  counts: Counts;
}

interface Beginning {
  bytes: number;
  sha256: string;
}

const SAVE_MILLISECONDS = 500;
const BEGINNING_BYTES = 4096;

export class ResumeFile {
  private readonly path: string;
  private readonly source: string;
  private readonly target: string;
  private readonly beginning: Beginning;
  private last = 0;
  private unsaved: ResumeState | undefined;
  private isBroken = false;

  constructor(source: string, target: string) {
    this.source = source;
    this.path = `${source}.import`;
    this.target = target;
    this.beginning = beginningOf(source, BEGINNING_BYTES);
  }

  /** Returns where to go on. Undefined if no import of this file was interrupted. Throws if it was another import. */
  read(): ResumeState | undefined {
    if (!statSync(this.path, { throwIfNoEntry: false })) return undefined;
    const state = this.parse();
    if (state.target !== this.target)
      throw new CommandError(
        `${this.path} is of another import (${state.target}): repeat that one, or import without --resume`,
      );
    const { bytes, sha256 } = state.beginning;
    if (beginningOf(this.source, bytes).sha256 !== sha256)
      throw new CommandError(
        `${this.source} is another file than that of ${this.path}: import without --resume`,
      );
    return state;
  }

  private parse(): ResumeState {
    try {
      const value = JSON.parse(readFileSync(this.path, "utf8")) as Partial<ResumeState>;
      const { version, position, beginning, counts } = value;
      const numbers = [position?.number, position?.end, beginning?.bytes, ...Object.values(counts ?? {})];
      if (version === 1 && numbers.every(Number.isSafeInteger)) return value as ResumeState;
      throw new Error("it has another version");
    } catch (error) {
      throw new CommandError(`${this.path} cannot be used: ${messageOf(error)}. Import without --resume`);
    }
  }

  /** Notes that everything before a position is stored. Writes it at most twice a second. */
  reached(position: Position, counts: Counts): void {
    const { target, beginning } = this;
    this.unsaved = { version: 1, beginning, target, position, counts: { ...counts } };
    if (performance.now() - this.last > SAVE_MILLISECONDS) this.save();
  }

  /** Writes the last position. */
  save(): void {
    if (!this.unsaved || this.isBroken) return;
    this.last = performance.now();
    const draft = `${this.path}.new`;
    try {
      writeFileSync(draft, `${JSON.stringify(this.unsaved)}\n`);
      renameSync(draft, this.path);
    } catch (error) {
      this.isBroken = true;
      note(`this import cannot be resumed: ${messageOf(error)}`);
    }
    this.unsaved = undefined;
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }
}

function beginningOf(source: string, most: number): Beginning {
  const { first } = lookAt(source, Math.min(most, BEGINNING_BYTES));
  return { bytes: first.length, sha256: createHash("sha256").update(first).digest("hex") };
}
