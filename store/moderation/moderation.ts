/** The interface of a store of decisions of the operators (NIP-86). */
import type { LetterChoice } from "../../nostr/management.ts";
import type { Letter, LetterChange, LetterPage, LetterQuestion } from "../letters/letter-list.ts";
import type { Outbox, OutboxChange } from "../upstreams/outbox.ts";
import type { Pause } from "../removal/removal.ts";
import type { moderation, role } from "../database/tables.ts";
import type { PullProgress, StoredUpstream, UpstreamChange } from "../upstreams/upstreams.ts";

export type ListName = (typeof moderation.$inferSelect)["list"];

export interface ListEntry {
  subject: string;
  reason: string;
}

/** Its `color` is a hue from 0 to 360. */
export type Role = typeof role.$inferSelect;

export type Change =
  | { do: "add"; list: ListName; subject: string; reason: string }
  | { do: "remove"; list: ListName; subject: string }
  | { do: "set"; setting: string; value: string }
  | { do: "remove-event"; id: string }
  /** Marks the key's events for removal. `removeEventsOf` removes them. */
  | { do: "empty"; pubkey: string }
  | { do: "put-role"; role: Role }
  | { do: "delete-role"; id: string }
  | { do: "assign" | "unassign"; role: string; pubkey: string }
  | UpstreamChange
  | LetterChange
  | OutboxChange;

/** One line of the audit log. */
export interface AuditEntry {
  /** Unix seconds. */
  at: number;
  pubkey: string;
  method: string;
  params: unknown[];
  /** "done", or the reason why nothing was done. */
  outcome: string;
}

/** The decisions that are small enough for memory. */
export interface ModerationRecord {
  /** Increases with every change. */
  revision: number;
  settings: Record<string, string>;
  allowedKinds: number[];
  disallowedKinds: number[];
  blockedIps: string[];
}

/** The state of a key. A ban takes precedence over the allow-list. Undefined: neither. */
export type Standing = "banned" | "allowed" | undefined;

export interface ModerationStore {
  /** Returns the revision. Reads one row. */
  revision(): Promise<number>;
  load(): Promise<ModerationRecord>;
  /** Returns the standing of each of these keys that has one. */
  standings(pubkeys: string[]): Promise<Map<string, Standing>>;
  /** Returns a list, the latest entry first. */
  list(name: ListName): Promise<ListEntry[]>;
  roles(): Promise<(Role & { members: string[] })[]>;
  /** Returns at most `limit` stored events that were reported (NIP-56) and not decided on, the last reported first. */
  reportedEvents(now: number, limit: number): Promise<{ id: string; reason: string }[]>;
  /**
   * Makes the changes and writes their line in the audit log, in one transaction. Without changes it only writes the
   * line.
   */
  change(changes: Change[], entry: AuditEntry): Promise<void>;
  /** Removes all events of a key, in steps with a pause between them. */
  removeEventsOf(pubkey: string, pause: Pause): Promise<void>;
  /** Returns the keys whose events are not all removed yet. */
  unemptied(): Promise<string[]>;
  /** Returns all upstreams, by address. */
  upstreams(): Promise<StoredUpstream[]>;
  /** Returns how far behind the upstreams are that are pulled, at most 1,000. `urls` is the setting UPSTREAMS. */
  pullProgress(urls: readonly string[]): Promise<PullProgress[]>;
  /** Returns one upstream, and how many there are. */
  upstream(url: string): Promise<{ found: StoredUpstream | undefined; count: number }>;
  /** Returns the keys whose follows are pulled from where they write, and what was found for them. */
  outbox(): Promise<Outbox>;
  /** Returns dead letters, the latest id first. */
  letters(asked: LetterQuestion): Promise<LetterPage>;
  letter(id: number): Promise<Letter | undefined>;
  /** Counts the dead letters that a choice names, and those of them that can be queued again. */
  countLetters(which: LetterChoice): Promise<{ letters: number; kept: number }>;
  /** Returns the id of the trace of an event; undefined if it is not known (store/watch/event-traces.ts). */
  traceOf(event: string): Promise<string | undefined>;
  /** Returns the latest lines of the audit log, the newest first. */
  auditLog(limit: number): Promise<AuditEntry[]>;
  /**
   * Returns false if this authorization was used before. Remembers it until `until`, and forgets those that ended
   * before `now` (Unix seconds).
   */
  useAuthorization(id: string, until: number, now: number): Promise<boolean>;
}
