/**
 * Event → who wants it. A filter is filed under its most selective condition, so that an event costs as much as
 * the subscriptions it concerns, not as many as exist. The keys in use are also what a hub tells the switchboard.
 */
import { type Event, isIndexable } from "../nostr/event.ts";
import { type Filter, matcher } from "../nostr/filter.ts";

interface Entry<Subscription> {
  subscription: Subscription;
  matches(event: Event): boolean;
}

export class SubscriptionIndex<Subscription> {
  private readonly byKey = new Map<string, Set<Entry<Subscription>>>();
  private readonly filed = new Map<Subscription, { key: string; entry: Entry<Subscription> }[]>();

  get isEmpty(): boolean {
    return this.byKey.size === 0;
  }

  /** Every key that something is filed under. */
  keys(): Iterable<string> {
    return this.byKey.keys();
  }

  add(subscription: Subscription, filters: Filter[]): void {
    const filed = filters.flatMap((filter) => {
      const entry = { subscription, matches: matcher(filter) };
      return filterKeys(filter).map((key) => ({ key, entry }));
    });
    for (const { key, entry } of filed) {
      const entries = this.byKey.get(key);
      if (entries) entries.add(entry);
      else this.byKey.set(key, new Set([entry]));
    }
    this.filed.set(subscription, filed);
  }

  remove(subscription: Subscription): void {
    for (const { key, entry } of this.filed.get(subscription) ?? []) {
      const entries = this.byKey.get(key);
      entries?.delete(entry);
      if (entries?.size === 0) this.byKey.delete(key);
    }
    this.filed.delete(subscription);
  }

  /** Whether anything is filed under one of its keys: then it was not sent in vain, whoever it matches. */
  concerns(event: Event): boolean {
    return eventKeys(event).some((key) => this.byKey.has(key));
  }

  /** Each subscription once, however many of its filters match. */
  matching(event: Event): Set<Subscription> {
    const found = new Set<Subscription>();
    for (const key of eventKeys(event)) {
      for (const entry of this.byKey.get(key) ?? []) {
        if (!found.has(entry.subscription) && entry.matches(event)) found.add(entry.subscription);
      }
    }
    return found;
  }
}

/** Where a filter is filed: under each value of one condition. A filter with an empty list is filed nowhere. */
export function filterKeys(filter: Filter): string[] {
  const lists = [filter.ids, filter.authors, filter.kinds, ...filter.tags.map(({ values }) => values)];
  if (lists.some((list) => list?.length === 0)) return [];
  if (filter.ids) return unique(filter.ids.map(idKey));
  const selective = [
    ...(filter.authors ? [filter.authors.map(authorKey)] : []),
    ...filter.tags.map(({ name, values }) => values.map((value) => tagKey(name, value))),
  ].toSorted((a, b) => a.length - b.length);
  if (selective[0]) return unique(selective[0]);
  return filter.kinds ? unique(filter.kinds.map(kindKey)) : [ANYTHING];
}

/** Every key under which a filter that matches this event can be filed. */
export function eventKeys(event: Event): string[] {
  const tags = event.tags.filter(isIndexable).map(([name, value]) => tagKey(name, value));
  return unique([idKey(event.id), authorKey(event.pubkey), kindKey(event.kind), ANYTHING, ...tags]);
}

const ANYTHING = "*";
const idKey = (id: string) => `i${id}`;
const authorKey = (pubkey: string) => `a${pubkey}`;
const kindKey = (kind: number) => `k${kind}`;
const tagKey = (name: string, value: string) => `#${name}${value}`;

function unique(keys: string[]): string[] {
  return keys.length < 2 ? keys : [...new Set(keys)];
}
