/**
 * Compares the records of two other sides with each other (NIP-77). It holds no records itself: what one side answers is the
 * next question to the other, until one of them has listed a range. Only what differs is ever listed.
 */
import {
  askAbout,
  type RangePart,
  type RangeQuestion,
  readParts,
  type Stretch,
} from "./negentropy-initiator.ts";
import { idsIn } from "./negentropy-wire.ts";

export type Side = "left" | "right";

/** The ids, in hex, that only one side has. */
export type OnlyOn = Record<Side, string[]>;

export const OTHER: Record<Side, Side> = { left: "right", right: "left" };

/** Ranges that one message asks about. An honest side lists at most 31 ids of each. */
const MOST_ASKED = 256;
/** An honest side splits a range into 16 parts until it has fewer than 32 records. Two of them do so in turns. */
const MOST_SPLITS = 20;
const MOST_PENDING = 100_000;
const MOST_HELD = 500_000;

interface Pending extends RangeQuestion {
  /** Who is asked. */
  side: Side;
  splits: number;
  list?: OneSidedList;
}

/** The ids of a range that one side has listed and the other has not, yet. */
interface OneSidedList {
  ids: Set<string>;
  /** How many parts of the range the other side has still to list. */
  parts: number;
}

export class Bridge {
  /** In order. */
  #pending: Pending[];
  #asked: Pending[] = [];
  /** How many ids are in lists. */
  #held = 0;

  constructor(range: Stretch) {
    this.#pending = [{ ...range, side: "left", splits: 0 }];
  }

  /** Returns the next message, and whom to send it to; undefined at the end. The answer goes to `take`. */
  next(): { side: Side; message: Uint8Array } | undefined {
    const side = this.#pending.at(-1)?.side;
    if (!side) return undefined;
    this.#asked = this.#pending.filter((range) => range.side === side).slice(-MOST_ASKED);
    return { side, message: askAbout(this.#asked) };
  }

  /** Reads the answer. Returns the differences that it settles, or why this side cannot be compared. */
  take(message: Uint8Array): { ok: true; only: OnlyOn } | { ok: false; reason: string } {
    const read = readParts(message, this.#asked);
    if (!read.ok) return read;
    const only: OnlyOn = { left: [], right: [] };
    const isUnanswered = (parts: readonly RangePart[]) => parts.every(({ kind }) => kind === "unanswered");
    if (isUnanswered(read.parts[0] ?? [])) return refused("it answers nothing");
    const replaced = new Map<Pending, Pending[]>();
    for (const [at, question] of this.#asked.entries()) {
      const parts = read.parts[at] ?? [];
      if (isUnanswered(parts)) continue;
      replaced.set(question, this.#rest(question, parts, only));
    }
    this.#pending = this.#pending.flatMap((range) => replaced.get(range) ?? [range]);
    const isEndless = this.#pending.some(({ splits }) => splits > MOST_SPLITS);
    if (isEndless || this.#pending.length > MOST_PENDING || this.#held > MOST_HELD)
      return refused("its side of the reconciliation does not come to an end");
    return { ok: true, only };
  }

  /** Returns what has to be asked about a range after an answer. */
  #rest(question: Pending, parts: readonly RangePart[], only: OnlyOn): Pending[] {
    const { side, list, splits } = question;
    const rest: Pending[] = [];
    for (const part of parts) {
      const { lower, upper, kind } = part;
      if (kind === "same") continue;
      if (kind === "ids" && list) this.#compare(list, idsIn(part.ids), only[side]);
      else if (kind === "ids") {
        const ids = new Set(idsIn(part.ids));
        this.#held += ids.size;
        rest.push({ lower, upper, side: OTHER[side], splits, list: { ids, parts: 1 } });
      } else if (kind === "unanswered" || list) {
        // The fingerprint was of the whole range: this part of it is listed.
        rest.push({ lower, upper, side, splits: splits + Number(kind === "more"), ...(list && { list }) });
      } else rest.push({ lower, upper, side: OTHER[side], splits: splits + 1, fingerprint: part.theirs });
    }
    if (list) {
      list.parts += rest.length - 1;
      if (list.parts === 0) {
        only[OTHER[side]].push(...list.ids);
        this.#held -= list.ids.size;
      }
    }
    return rest;
  }

  #compare({ ids }: OneSidedList, listed: string[], only: string[]): void {
    for (const id of listed) {
      if (ids.delete(id)) this.#held -= 1;
      else only.push(id);
    }
  }
}

function refused(reason: string): { ok: false; reason: string } {
  return { ok: false, reason };
}
