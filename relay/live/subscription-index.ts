/**
 * Finds the subscriptions that want an event. A filter is filed under its most selective condition, so the cost of an event
 * depends on the subscriptions that it concerns, not on all. A hub declares the keys in use to the switchboard.
 */
import { type Candidate, valuesByName } from "../../nostr/candidate.ts";
import type { Event } from "../../nostr/event.ts";
import { type Filter, matcher } from "../../nostr/filter.ts";
import type { Keys } from "./key-changes.ts";

interface Entry<Subscription> {
  subscription: Subscription;
  filter: Filter;
  /** Tests an event that has one of the keys under which the filter is filed. */
  matches(candidate: Candidate): boolean;
  /** Whether it is still in the index. */
  isFiled: boolean;
  /** The number of the last event that it was tested with: an event may have several of its values. */
  tested: number;
}

/** The entries under one value. Most values have one entry, and a Set would take more memory than everything else. */
interface Filed<Subscription> {
  value: string;
  entries: Entry<Subscription> | Set<Entry<Subscription>>;
}

/** The keys of a filter. A key is the name of a condition and one of its values. */
interface Filing extends Keys {
  /** Tests the remaining conditions of the filter. */
  rest: Filter;
}

export class SubscriptionIndex<Subscription> {
  private readonly byCondition = new Map<string, Map<string, Filed<Subscription>>>();
  private readonly entries = new Map<Subscription, Entry<Subscription>[]>();
  private readonly changed: (condition: string, value: string, isInUse: boolean) => void;
  private bytes = 0;
  /** Number of events that were matched so far. */
  private events = 0;

  /** `changed` is called for each key that comes into use or goes out of use. */
  constructor(changed: (condition: string, value: string, isInUse: boolean) => void = () => undefined) {
    this.changed = changed;
  }

  /** Whether the index is empty. */
  get isEmpty(): boolean {
    return this.byCondition.size === 0;
  }

  /** About how many bytes of memory all subscriptions take. */
  get size(): number {
    return this.bytes;
  }

  /** Yields every key in use. */
  *keys(): Iterable<string> {
    for (const [condition, byValue] of this.byCondition) {
      for (const value of byValue.keys()) yield condition + value;
    }
  }

  add(subscription: Subscription, filters: Filter[]): void {
    const entries = filters.map((filter) => this.file(subscription, filter));
    this.entries.set(subscription, entries);
  }

  remove(subscription: Subscription): void {
    for (const entry of this.entries.get(subscription) ?? []) this.takeOut(entry);
    this.entries.delete(subscription);
  }

  /** Returns whether one of an event's keys is in use. Then the event was not sent in vain, even if nothing matches. */
  concerns(event: Event): boolean {
    for (const [condition, value] of places(event)) {
      if (this.byCondition.get(condition)?.has(value)) return true;
    }
    return false;
  }

  /**
   * Returns the matching subscriptions, each once, even if several of its filters match. Yields the number of `Candidate`
   * steps after each filter. The caller may resume at any time; subscriptions that are added or removed until then may be
   * found or not. Only subscriptions that the event `isFor` are tested. `charge` gets the steps of each filter's owner.
   */
  *matching(
    candidate: Candidate,
    {
      isFor = () => true,
      charge = () => undefined,
    }: {
      isFor?(subscription: Subscription): boolean;
      charge?(subscription: Subscription, steps: number): void;
    } = {},
  ): Generator<number, Set<Subscription>, void> {
    const found = new Set<Subscription>();
    this.events += 1;
    const number = this.events;
    let prepared = 0;
    for (const [condition, value] of places(candidate.event, candidate.tags)) {
      const filed = this.byCondition.get(condition)?.get(value);
      // A copy of the current entries, so that the loop ends even if more are added.
      for (const entry of filed ? [...entriesOf(filed)] : []) {
        const { subscription } = entry;
        if (!isFor(subscription)) {
          yield 1;
          continue;
        }
        const before = candidate.steps;
        if (entry.isFiled && entry.tested !== number && !found.has(subscription)) {
          entry.tested = number;
          if (entry.matches(candidate)) found.add(subscription);
        }
        const steps = 1 + candidate.steps - before;
        charge(subscription, steps);
        yield steps + candidate.prepared - prepared;
        prepared = candidate.prepared;
      }
    }
    return found;
  }

  private file(subscription: Subscription, filter: Filter): Entry<Subscription> {
    const filing = filingOf(filter);
    const matches = matcher(filing?.rest ?? filter);
    const entry = { subscription, filter, matches, isFiled: true, tested: 0 };
    this.bytes += sizeOf(filter, filing);
    if (!filing) return entry;
    const { condition, values } = filing;
    const byValue = this.byCondition.get(condition) ?? new Map<string, Filed<Subscription>>();
    this.byCondition.set(condition, byValue);
    for (const [at, value] of values.entries()) {
      const filed = byValue.get(value);
      if (!filed) {
        byValue.set(value, { value, entries: entry });
        this.bytes += valueSize(value);
        this.changed(condition, value, true);
        continue;
      }
      // A text is stored once, even if many filters have it.
      values[at] = filed.value;
      if (filed.entries instanceof Set) filed.entries.add(entry);
      else if (filed.entries !== entry) filed.entries = new Set([filed.entries, entry]);
    }
    return entry;
  }

  private takeOut(entry: Entry<Subscription>): void {
    entry.isFiled = false;
    const filing = filingOf(entry.filter);
    this.bytes -= sizeOf(entry.filter, filing);
    if (!filing) return;
    const { condition, values } = filing;
    const byValue = this.byCondition.get(condition);
    for (const value of values) {
      const filed = byValue?.get(value);
      if (!filed) continue;
      if (filed.entries instanceof Set) filed.entries.delete(entry);
      if (filed.entries instanceof Set ? filed.entries.size > 0 : filed.entries !== entry) continue;
      byValue?.delete(value);
      this.bytes -= valueSize(value);
      this.changed(condition, value, false);
    }
    if (byValue?.size === 0) this.byCondition.delete(condition);
  }
}

/** Returns the keys under which filters are filed. None for a filter with an empty list. */
export function keysOf(filters: Filter[]): Keys[] {
  return filters.flatMap((filter) => filingOf(filter) ?? []);
}

/** Yields every key under which a filter that matches this event may be filed. */
export function eventKeys(event: Event): string[] {
  return Array.from(places(event), ([condition, value]) => condition + value);
}

function filingOf(filter: Filter): Filing | undefined {
  const { ids, authors, kinds, tags } = filter;
  const lists = [ids, authors, kinds, ...tags.map(({ values }) => values)];
  if (lists.some((list) => list?.length === 0)) return undefined;
  if (ids) return { condition: ID, values: ids, rest: without(filter, "ids") };
  const selective = [
    ...(authors ? [{ condition: AUTHOR, values: authors, rest: without(filter, "authors") }] : []),
    ...tags.map((tag) => ({
      condition: tagged(tag.name),
      values: tag.values,
      rest: { ...filter, tags: tags.filter((other) => other !== tag) },
    })),
  ].toSorted((a, b) => a.values.length - b.values.length);
  if (selective[0]) return selective[0];
  if (kinds) return { condition: KIND, values: kinds.map(String), rest: without(filter, "kinds") };
  return { condition: ANYTHING, values: [""], rest: filter };
}

function without(filter: Filter, condition: "ids" | "authors" | "kinds"): Filter {
  const { [condition]: _, ...rest } = filter;
  return rest;
}

/** Yields each condition that the event satisfies, with the value, once. `tags` are the event's own. */
function* places(event: Event, tags = valuesByName(event) as Candidate["tags"]): Generator<[string, string]> {
  yield [ID, event.id];
  yield [AUTHOR, event.pubkey];
  yield [KIND, String(event.kind)];
  yield [ANYTHING, ""];
  for (const [name, values] of tags) {
    const condition = tagged(name);
    for (const value of values) yield [condition, value];
  }
}

const ID = "i";
const AUTHOR = "a";
const KIND = "k";
const ANYTHING = "*";
const tagged = (name: string) => `#${name}`;

function entriesOf<Subscription>({ entries }: Filed<Subscription>): Iterable<Entry<Subscription>> {
  return entries instanceof Set ? entries : [entries];
}

/** In bytes, measured on Node 24: a filter, another entry under a value, and a stored text. */
const FILTER_SIZE = 1000;
const ENTRY_SIZE = 40;
const valueSize = (value: string) => 60 + 2 * value.length;

/** Returns a filter without the values under which it is filed, because these are shared. */
function sizeOf({ ids, authors, kinds, tags }: Filter, filing: Filing | undefined): number {
  const texts = [ids, authors, ...tags.map(({ values }) => values)].filter((list) => list !== filing?.values);
  const kept = texts.flat().reduce((sum, text) => sum + (text === undefined ? 0 : valueSize(text)), 0);
  return FILTER_SIZE + kept + ENTRY_SIZE * ((filing?.values.length ?? 0) + (kinds?.length ?? 0));
}
