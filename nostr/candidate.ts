import { type Event, isIndexable } from "./event.ts";
import { searchableText, textLength } from "./search.ts";
import { TermIndex } from "./term-index.ts";

/** An event that is tested against many filters. Its look-up tables are made once, when the first filter needs them. */
export class Candidate {
  readonly event: Event;
  /** What the look-up tables took to make, in the units of `steps`. */
  prepared = 0;
  private looked = 0;
  private values: ReadonlyMap<string, ReadonlySet<string>> | undefined;
  private terms: TermIndex | undefined;

  constructor(event: Event) {
    this.event = event;
  }

  /** The work of filters so far: one step for each value or term that was looked up. */
  get steps(): number {
    const { lookUps = 0, comparisons = 0 } = this.terms ?? {};
    return this.looked + lookUps + comparisons / 10;
  }

  get text(): TermIndex {
    if (this.terms) return this.terms;
    const text = searchableText(this.event);
    // Splitting one character's worth of text into terms takes about as long as one look-up of a term.
    this.prepared += textLength(this.event) + text.length;
    this.terms = new TermIndex(text);
    return this.terms;
  }

  /** The values of the event's tags, by tag name. */
  get tags(): ReadonlyMap<string, ReadonlySet<string>> {
    if (this.values) return this.values;
    this.prepared += this.event.tags.length;
    this.values = valuesByName(this.event);
    return this.values;
  }

  /** Returns whether a tag of this name has one of these values. Iterates over the smaller of the two sets. */
  hasTag(name: string, values: ReadonlySet<string>): boolean {
    this.looked += 1;
    const own = this.tags.get(name);
    if (!own) return false;
    const [fewer, more] = own.size < values.size ? [own, values] : [values, own];
    for (const value of fewer) {
      this.looked += 1;
      if (more.has(value)) return true;
    }
    return false;
  }
}

/** Returns the tag values that filters can ask for, by tag name. */
export function valuesByName({ tags }: Event): Map<string, Set<string>> {
  const values = new Map<string, Set<string>>();
  for (const tag of tags) {
    if (!isIndexable(tag)) continue;
    const [name, value] = tag;
    const others = values.get(name);
    if (others) others.add(value);
    else values.set(name, new Set([value]));
  }
  return values;
}
