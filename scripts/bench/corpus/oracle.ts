/**
 * What a relay must answer, from the stored events in memory. Too simple to be wrong: it looks at one event after the other.
 */
import { type Event, versionKey } from "../../../nostr/event.ts";
import { KIND } from "./traffic.ts";

/** A filter as it is sent. */
export interface Filter {
  ids?: string[];
  authors?: string[];
  kinds?: number[];
  "#e"?: string[];
  "#p"?: string[];
  "#t"?: string[];
  "#d"?: string[];
  /** One word. */
  search?: string;
  /** Unix seconds, inclusive. */
  since?: number;
  until?: number;
  limit?: number;
}

/** Without what no question asks for: a million of them must fit into the memory. */
export interface Stored extends Pick<Event, "id" | "pubkey" | "kind" | "created_at"> {
  tags: string[][];
  /** Empty unless it is a note, because only notes are searched. */
  text: string;
}

const TAGS = ["e", "p", "t", "d"] as const;
const ASKED = new Set<string>(TAGS);
/** What nobody asks for by a tag. */
const UNASKED = new Set<number>([KIND.contacts, KIND.relays]);

export class Oracle {
  /** Newest first. */
  readonly events: readonly Stored[];
  /** The JSON of the stored events takes so many bytes. */
  readonly bytes: number;

  constructor(events: Iterable<Event>) {
    const stored: (Stored | undefined)[] = [];
    const versions = new Map<string, number>();
    let bytes = 0;
    for (const event of events) {
      const version = versionKey(event);
      if (version !== undefined) {
        const key = `${event.kind}:${event.pubkey}:${version}`;
        const replaced = versions.get(key);
        if (replaced !== undefined) stored[replaced] = undefined;
        versions.set(key, stored.length);
      }
      bytes += JSON.stringify(event).length;
      stored.push(kept(event));
    }
    this.events = stored.filter((event) => event !== undefined).toReversed();
    this.bytes = bytes;
  }

  /** Returns the ids that answer one filter, newest first. */
  ids(filter: Filter): string[] {
    const { limit = Infinity } = filter;
    const matches = matcher(filter);
    const ids: string[] = [];
    for (const event of this.events) {
      if (ids.length >= limit) break;
      if (matches(event)) ids.push(event.id);
    }
    return ids;
  }
}

function kept({ id, pubkey, kind, created_at, tags, content }: Event): Stored {
  const asked = UNASKED.has(kind) ? [] : tags.filter(([name = ""]) => ASKED.has(name));
  const pairs = asked.map(([name = "", value = ""]) => [name, value]);
  return { id, pubkey, kind, created_at, tags: pairs, text: kind === KIND.note ? content : "" };
}

/** Returns whether an event matches. The limit does not matter here. */
function matcher(filter: Filter): (event: Stored) => boolean {
  const sets = { ids: setOf(filter.ids), authors: setOf(filter.authors), kinds: setOf(filter.kinds) };
  const tagged = TAGS.flatMap((name) => {
    const values = setOf(filter[`#${name}`]);
    return values ? [{ name, values }] : [];
  });
  const { search, since = 0, until = Infinity } = filter;
  return (event) =>
    event.created_at >= since &&
    event.created_at <= until &&
    (sets.kinds?.has(event.kind) ?? true) &&
    (sets.authors?.has(event.pubkey) ?? true) &&
    (sets.ids?.has(event.id) ?? true) &&
    tagged.every(({ name, values }) =>
      event.tags.some(([tag, value = ""]) => tag === name && values.has(value)),
    ) &&
    (search === undefined || (event.text.includes(search) && event.text.split(" ").includes(search)));
}

function setOf<T>(values: T[] | undefined): Set<T> | undefined {
  return values && new Set(values);
}
