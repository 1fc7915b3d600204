/** Looks up what are probably few events, all in one step. If there are too many to sort, it uses another walk instead. */
import type { FoundEvent } from "../store.ts";
import { costOfTesting, type Driver, type Part } from "./plan.ts";
import { foundIn, hasMark, type Room, roomFor, type Row, type Statement, type Walk } from "./walk.ts";

/** Maximum number of events. All must be read, because they are not in the order of time. */
const FEW = 500;

export abstract class FewWalk implements Walk {
  protected readonly part: Part;
  readonly testing: number;
  /** The walk to use if there are too many. */
  private readonly other: Walk;
  private hasBegun = false;
  private most = 0;
  private isOther = false;
  private readonly few: FoundEvent[] = [];

  constructor(part: Part, driver: Driver, other: Walk) {
    this.part = part;
    this.other = other;
    this.testing = costOfTesting(part, driver);
  }

  get found(): FoundEvent[] {
    return this.isOther ? this.other.found : this.few;
  }

  get isDone(): boolean {
    return this.isOther ? this.other.isDone : this.hasBegun;
  }

  get reached(): number | undefined {
    return this.isOther ? this.other.reached : undefined;
  }

  get listing(): number {
    return this.isOther ? this.other.listing : 0;
  }

  plan(room: Room): Statement[] {
    if (this.isOther) return this.other.plan(room);
    this.most = Math.max(1, Math.min(FEW, Math.floor(room.entries / this.testing)));
    const { longest } = roomFor(Math.min(this.most, this.expected), room);
    return [this.lookUp(this.most, longest)];
  }

  /** Maximum number of events, if that is known. */
  protected abstract readonly expected: number;

  /** Returns the statement for the matches. If they are more than `most`, it returns one more row, or ends with a mark. */
  protected abstract lookUp(most: number, longest: number): Statement;

  take(results: Row[][]): number {
    if (this.isOther) return this.other.take(results);
    this.hasBegun = true;
    const [rows = []] = results;
    this.isOther = hasMark(rows) || rows.length > this.most;
    if (!this.isOther) this.few.push(...foundIn(rows));
    return this.isOther ? this.most : rows.length;
  }
}
