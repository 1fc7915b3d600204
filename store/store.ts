/** The interface of a store of events. Every stored event has been verified: only `relay/ingest/ingest.ts` writes. */
import type { Event } from "../nostr/event.ts";
import type { Filter } from "../nostr/filter.ts";
import type { Prune } from "./removal/prune.ts";
import type { Pause } from "./removal/removal.ts";
import type { Work } from "./work.ts";

/** A stored event as JSON text, ready for a frame. */
export interface StoredEvent {
  /** Position in the log. Increases with every stored event, in order of arrival. */
  seq: number;
  id: string;
  created_at: number;
  /** The event as JSON text. */
  json: string;
}

/** An event that matches a query. */
export interface FoundEvent extends Omit<StoredEvent, "json"> {
  /** Bytes of its tags and content. */
  size: number;
  /** The event as JSON text. Undefined if `load` must load it, because it is long or many events were found. */
  json: string | undefined;
  /** Which of several databases it is in. */
  shard?: number;
}

/** For whom the store is read. Events that this client may not see count as not stored. */
export interface View {
  /** Keys that the client has authenticated as (NIP-42), each once. */
  keys: readonly string[];
  /** Unix seconds. Events that have expired at this time are not seen (NIP-40). */
  now: number;
}

export interface Query {
  filter: Filter;
  view: View;
  /** Maximum number of events. Replaces `filter.limit`, which is ignored. */
  limit: number;
  /**
   * "desc" (default): newest first, at the same second the lowest id first. "asc": exactly the reverse.
   * Ignored for a search: then the best match comes first, and among equal matches the newest.
   */
  order?: "desc" | "asc";
  /** Only events whose content contains this exact text. */
  keyword?: string;
  /** Only events after this one, in the given order. */
  after?: { created_at: number; id: string };
}

export interface Answer {
  events: FoundEvent[];
  /** Whether more events match, or may match, than the answer has. */
  more: boolean;
  /**
   * Present if the work was stopped before the answer was complete. The answer has every match that is newer than the
   * second `reached` (in ascending order: older). If `reached` is undefined, the answer is an arbitrary part of the matches.
   */
  unfinished?: { reached: number | undefined };
}

/** What to count, as in `Query`. */
export type Countable = Pick<Query, "filter" | "view" | "keyword">;

export interface CountResult {
  count: number;
  /** Whether there were too many events for an exact count. */
  isEstimate: boolean;
  /** HyperLogLog value of the authors in hex, if one canonical filter was counted (NIP-45). */
  hll?: string;
}

export interface ReadResult {
  /** The end of the log that these answers cover; 0 for an empty store. */
  head: number;
  /** One answer for each query, in the same order. */
  answers: Answer[];
}

/** One of several databases has failed to store an event. Other events of the same commit may be stored. */
export interface Failure {
  kind: "failed";
  error: unknown;
}

/** The outcome for one event of a commit. */
export type Fate =
  | { kind: "stored"; seq: number }
  | { kind: "duplicate" }
  /** A newer version of this replaceable or addressable event is stored, or came in the same commit. */
  | { kind: "superseded" }
  /** Its author, or a recipient of a gift wrap, has deleted it (NIP-09, NIP-62). */
  | { kind: "deleted" }
  /** An operator has banned it or its author (NIP-86). */
  | { kind: "banned" }
  /** The database is too full for it (`StoreSize`). */
  | { kind: "no-room" };

export interface CommitResult {
  /** The stored events, and no others, have the log positions after `prev` up to `last`. Equal if none was stored. */
  prev: number;
  last: number;
  /** One outcome for each event, in the same order. */
  fates: (Fate | Failure)[];
  /** Ids of deletions among them that are not finished. `finishDeletion` finishes them. */
  unfinished: string[];
  /** The commit may have run before, and its answer was lost: then an event that it stored is now a duplicate. */
  isRepeated: boolean;
}

/** Where the events of a commit come from. */
export interface Origin {
  /** From another relay, and not from a client of this one. */
  isPulled: boolean;
  /**
   * The log is known to go at least this far. If it does not, the database has been restored to an earlier state, and the commit
   * moves the log beyond this position.
   */
  head?: number;
  /** One of several databases: the log positions that these events have, in this order (`shard.ts`). Then `head` is ignored. */
  positions?: readonly number[];
}

export type NewestEvent = Pick<StoredEvent, "seq" | "id">;

export interface Store {
  /**
   * Stores events in one transaction. Do not pass ephemeral events, or requests to vanish for other relays. Deletions take
   * effect after all events are stored, and requests to vanish after the deletions. From then on, the events that they
   * name are refused. `removeVanished` and, for long deletions, `finishDeletion` remove the events that are already stored.
   */
  commit(events: Event[], origin?: Origin): Promise<CommitResult>;
  /**
   * Returns whether an event was deleted before it arrived (NIP-09, NIP-62). For ephemeral events, which are never
   * stored.
   */
  isDeleted(event: Event): Promise<boolean>;
  /**
   * Answers queries in steps. An event that is stored after the first step may or may not be in an answer. Its log
   * position is above `head`.
   */
  read(queries: Query[]): Work<ReadResult>;
  /**
   * Loads the JSON of events, in the same order. Leaves out events that were removed meanwhile. `loadable` says how
   * many to load at once.
   */
  load(events: FoundEvent[]): Promise<StoredEvent[]>;
  /**
   * Returns the records of the matching events for NIP-77, of the newest `filter.limit` events if there is a limit. A
   * record has 40 bytes: the time as a big-endian integer, then the id. They are sorted as bytes. Undefined if there are
   * more than `most`, or if the work was stopped.
   */
  records(filter: Filter, view: View, most: number): Work<Uint8Array | undefined>;
  /** Counts the events that match at least one of these. */
  count(countables: Countable[]): Work<CountResult>;
  /**
   * Returns events after a log position, oldest first: at most `limit`, fewer if they are long. The list is empty only at
   * the end of the log. `head` is as in `ReadResult`.
   */
  log(after: number, limit: number): Promise<{ events: StoredEvent[]; head: number }>;
  /**
   * Returns the last event of the log that anybody may see, expired or not. Undefined if there is none among the last 1,000: they
   * are not looked through to their beginning.
   */
  newestPublic(): Promise<NewestEvent | undefined>;
  /** Returns the ids that are stored, out of these. */
  known(ids: string[]): Promise<Set<string>>;
  /** Counts events that came from upstreams as published here, too. */
  adopt(ids: string[]): Promise<void>;
  /** Returns the ids of stored deletions (NIP-09) that are not finished. */
  unfinishedDeletions(): Promise<string[]>;
  /** Finishes such a deletion, in steps with a pause between them. Does nothing if it is already finished. */
  finishDeletion(id: string, pause: Pause): Promise<void>;
  /** Returns the authors who have asked to vanish (NIP-62) and whose events are not all removed. */
  vanishing(): Promise<string[]>;
  /**
   * Removes all events that such an author asked to remove, in steps with a pause between them. Does nothing if they are
   * already removed.
   */
  removeVanished(pubkey: string, pause: Pause): Promise<void>;
  /**
   * Removes at most `limit` expired events (NIP-40). Returns how many, and whether there may be more. `now` is in Unix
   * seconds.
   */
  removeExpired(now: number, limit: number): Promise<{ removed: number; more: boolean }>;
  /**
   * Removes events that are older than their kind is kept, in steps with a pause between them. Returns how many. What has been
   * deleted stays deleted, even if the deletion is removed.
   */
  prune(what: Prune, pause: Pause): Promise<number>;
}
