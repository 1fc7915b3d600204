/**
 * Event → who wants it. A filter is filed under its most selective condition, so that an event costs as much as
 * the subscriptions it concerns, not as many as exist. The keys in use are also what a hub tells the switchboard.
 */
import { type Event, isIndexable } from "../nostr/event.ts";
import { type Filter, matcher } from "../nostr/filter.ts";

interface Entry<Subscription> {
  subscription: Subscription;
  filter: Filter;
  /** Of an event that was found where the filter is filed. */
  matches(event: Event): boolean;
}

/** What is filed under one value. Most have one entry, and a set would take more memory than all the rest. */
interface Filed<Subscription> {
  value: string;
  entries: Entry<Subscription> | Set<Entry<Subscription>>;
}

/** A key is the name of a condition and one of its values. */
interface Filing {
  condition: string;
  values: string[];
  /** What else an event must fulfil. */
  rest: Filter;
}

export class SubscriptionIndex<Subscription> {
  private readonly byCondition = new Map<string, Map<string, Filed<Subscription>>>();
  private readonly entries = new Map<Subscription, Entry<Subscription>[]>();
  private readonly changed: (key: string, isInUse: boolean) => void;
  private bytes = 0;

  /** `changed` is told of each key that comes into use, and of each that is not used any more. */
  constructor(changed: (key: string, isInUse: boolean) => void = () => undefined) {
    this.changed = changed;
  }

  /** True when nothing is filed anywhere. */
  get isEmpty(): boolean {
    return this.byCondition.size === 0;
  }

  /** About how many bytes of memory all these subscriptions take. */
  get size(): number {
    return this.bytes;
  }

  /** Every key that something is filed under. */
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

  /** Whether anything is filed under one of its keys: then it was not sent in vain, whoever it matches. */
  concerns(event: Event): boolean {
    return places(event).some(([condition, value]) => this.byCondition.get(condition)?.has(value));
  }

  /** Each subscription once, however many of its filters match. */
  matching(event: Event): Set<Subscription> {
    const found = new Set<Subscription>();
    for (const [condition, value] of places(event)) {
      const filed = this.byCondition.get(condition)?.get(value);
      for (const entry of filed ? entriesOf(filed) : []) {
        if (!found.has(entry.subscription) && entry.matches(event)) found.add(entry.subscription);
      }
    }
    return found;
  }

  private file(subscription: Subscription, filter: Filter): Entry<Subscription> {
    const filing = filingOf(filter);
    const entry = { subscription, filter, matches: matcher(filing?.rest ?? filter) };
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
        this.changed(condition + value, true);
        continue;
      }
      // The same text is kept once, however many filters name it.
      values[at] = filed.value;
      if (filed.entries instanceof Set) filed.entries.add(entry);
      else if (filed.entries !== entry) filed.entries = new Set([filed.entries, entry]);
    }
    return entry;
  }

  private takeOut(entry: Entry<Subscription>): void {
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
      this.changed(condition + value, false);
    }
    if (byValue?.size === 0) this.byCondition.delete(condition);
  }
}

/** The keys of a filter: under each it is filed. A filter with an empty list is filed nowhere. */
export function filterKeys(filter: Filter): string[] {
  const filing = filingOf(filter);
  return filing ? unique(filing.values.map((value) => filing.condition + value)) : [];
}

/** Every key under which a filter that matches this event can be filed. */
export function eventKeys(event: Event): string[] {
  return places(event).map(([condition, value]) => condition + value);
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

/** Each place once: a condition that this event fulfils, and by which value. */
function places(event: Event): [condition: string, value: string][] {
  const tags = event.tags.filter(isIndexable);
  const distinct = new Map(
    tags.map(([name, value]) => [tagged(name) + value, [tagged(name), value] as const]),
  );
  return [
    [ID, event.id],
    [AUTHOR, event.pubkey],
    [KIND, String(event.kind)],
    [ANYTHING, ""],
    ...[...distinct.values()].map(([condition, value]): [string, string] => [condition, value]),
  ];
}

const ID = "i";
const AUTHOR = "a";
const KIND = "k";
const ANYTHING = "*";
const tagged = (name: string) => `#${name}`;

function entriesOf<Subscription>({ entries }: Filed<Subscription>): Iterable<Entry<Subscription>> {
  return entries instanceof Set ? entries : [entries];
}

function unique(keys: string[]): string[] {
  return keys.length < 2 ? keys : [...new Set(keys)];
}

/** In bytes, measured on Node 24: a filter, one more entry under a value, and a text that is kept. */
const FILTER_SIZE = 1000;
const ENTRY_SIZE = 40;
const valueSize = (value: string) => 60 + 2 * value.length;

/** Without the values it is filed under: these are shared. */
function sizeOf({ ids, authors, kinds, tags }: Filter, filing: Filing | undefined): number {
  const texts = [ids, authors, ...tags.map(({ values }) => values)].filter((list) => list !== filing?.values);
  const kept = texts.flat().reduce((sum, text) => sum + (text === undefined ? 0 : valueSize(text)), 0);
  return FILTER_SIZE + kept + ENTRY_SIZE * ((filing?.values.length ?? 0) + (kinds?.length ?? 0));
}
