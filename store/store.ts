/** What a store of events can do. Every event in it has been verified: only `relay/ingest.ts` writes. */
import type { Event } from "../nostr/event.ts";
import type { Filter } from "../nostr/filter.ts";
import type { Cost } from "./database.ts";

/** One event on its way out, ready to be spliced into a frame. */
export interface StoredEvent {
  /** Place in the log: grows with every event stored, in order of arrival. */
  seq: number;
  id: string;
  created_at: number;
  /** The event as JSON text. */
  json: string;
}

/** Whose eyes the store is read with: what they may not see is as if it were not stored. */
export interface View {
  /** Keys that the reader has proven to hold (NIP-42). */
  keys: readonly string[];
  /** Unix seconds: what has expired by then is not seen (NIP-40). */
  now: number;
}

export interface Query {
  filter: Filter;
  view: View;
  /** At most this many events. `filter.limit` is not looked at: the caller has bounded it. */
  limit: number;
  /**
   * "desc" (default) is newest first; ties always go by id, lowest first in "desc", highest first in "asc".
   * Not looked at when the filter searches: then what fits best is first, and the newest of what fits equally well.
   */
  order?: "desc" | "asc";
  /** The content contains this text, character by character. */
  keyword?: string;
  /** Only what comes after this event in the order asked for. */
  after?: { created_at: number; id: string };
}

export interface Answer {
  events: StoredEvent[];
  /** True when more events match than `limit` allowed. */
  more: boolean;
}

/** What is counted: as in `Query`. */
export type Countable = Pick<Query, "filter" | "view" | "keyword">;

export interface CountResult {
  count: number;
  /** True when there were too many to count them one by one. */
  isEstimate: boolean;
  /** HyperLogLog of the authors in hex, when one canonical filter was counted (NIP-45). */
  hll?: string;
  cost: Cost;
}

export interface ReadResult {
  /** The last place of the log that these answers know of; 0 for an empty store. */
  head: number;
  /** One for each query, in their order. */
  answers: Answer[];
  cost: Cost;
}

/** What became of one event of a commit. */
export type Fate =
  | { kind: "stored"; seq: number }
  | { kind: "duplicate" }
  /** A newer version of this replaceable or addressable event is stored, or came in the same commit. */
  | { kind: "superseded" }
  /** Its author, or whoever a gift wrap is for, has deleted it (NIP-09, NIP-62). */
  | { kind: "deleted" }
  /** An operator has banned it or its author (NIP-86). */
  | { kind: "banned" };

export interface CommitResult {
  /** The stored events take places in (prev, last] of the log, and are the only ones there; equal if none. */
  prev: number;
  last: number;
  /** One for each event, in their order. */
  fates: Fate[];
  cost: Cost;
}

export interface Store {
  /**
   * One transaction. Ephemeral events do not belong here. Deletions take effect when all are stored, so they come
   * last, and what vanishes is the very last; every request to vanish is meant for this relay. What it names is kept
   * out from then on; what is there is left for `removeVanished`.
   */
  commit(events: Event[]): Promise<CommitResult>;
  /** Has it been deleted before it came (NIP-09, NIP-62)? For events that are passed on and never stored. */
  isDeleted(event: Event): Promise<boolean>;
  /** All queries see one snapshot. */
  read(queries: Query[]): Promise<ReadResult>;
  /**
   * What the filter matches, as NIP-77 compares it: the newest `filter.limit` of it when there is a limit. Undefined
   * when these are more than `most`. Each is 40 bytes: the time as a big-endian integer, then the id; sorted as bytes.
   */
  records(filter: Filter, view: View, most: number): Promise<{ records: Uint8Array | undefined; cost: Cost }>;
  /** How many events match at least one of these. */
  count(countables: Countable[]): Promise<CountResult>;
  /**
   * The log after `seq`, oldest first: at most `limit` events, fewer when they are long, and none only at its end.
   * `head` as in `ReadResult`.
   */
  log(after: number, limit: number): Promise<{ events: StoredEvent[]; head: number }>;
  /** Those of these ids that are stored. */
  known(ids: string[]): Promise<Set<string>>;
  /** Authors who have asked to vanish (NIP-62), and have not vanished yet. */
  vanishing(): Promise<string[]>;
  /** Removes all that such an author asked to be removed, step by step; nothing, when they have vanished already. */
  removeVanished(pubkey: string): Promise<Cost>;
  /** Removes what has expired (NIP-40): at most `limit` events. Tells how many. */
  removeExpired(now: number, limit: number): Promise<{ removed: number; cost: Cost }>;
}
