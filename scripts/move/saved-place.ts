/** Where a transfer goes on after an interruption: a small file beside the file of events. */
import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { note } from "../shared/printing.ts";
import { CommandError, messageOf } from "../shared/usage.ts";

/** Version 1 of the file, as JSON. */
export interface Saved {
  version: 1;
  /** From where or to where the events go, and which: a resumed transfer must be the same. */
  target: string;
}

interface SavedPlaceOptions<Place> {
  path: string;
  /** What is resumed, for messages. */
  what: "import" | "export";
  isValid(value: Partial<Place>): boolean;
}

export class SavedPlace<Place extends Saved> {
  readonly path: string;
  private readonly options: SavedPlaceOptions<Place>;
  private isBroken = false;

  constructor(options: SavedPlaceOptions<Place>) {
    this.options = options;
    this.path = options.path;
  }

  /** Returns where to go on. Undefined if nothing was interrupted. Throws if it was another transfer. */
  read(target: string): Place | undefined {
    if (!statSync(this.path, { throwIfNoEntry: false })) return undefined;
    const { what } = this.options;
    const place = this.parse();
    if (place.target !== target)
      throw new CommandError(
        `${this.path} is of another ${what} (${place.target}): repeat that one, or ${what} without --resume`,
      );
    return place;
  }

  private parse(): Place {
    const { what, isValid } = this.options;
    try {
      const value = JSON.parse(readFileSync(this.path, "utf8")) as Partial<Place>;
      if (value.version === 1 && isValid(value)) return value as Place;
      throw new Error("it has another version");
    } catch (error) {
      const name = `${what.charAt(0).toUpperCase()}${what.slice(1)}`;
      throw new CommandError(`${this.path} cannot be used: ${messageOf(error)}. ${name} without --resume`);
    }
  }

  /** Replaces the file in one step. */
  save(place: Place): void {
    if (this.isBroken) return;
    const draft = `${this.path}.new`;
    try {
      writeFileSync(draft, `${JSON.stringify(place)}\n`);
      renameSync(draft, this.path);
    } catch (error) {
      this.isBroken = true;
      note(`this ${this.options.what} cannot be resumed: ${messageOf(error)}`);
    }
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }
}
