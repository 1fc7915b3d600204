/** What the methods of the management API answer: the part that pages read. */
import type { MethodName } from "../../../nostr/management.ts";

export interface ListedKey {
  pubkey: string;
  reason: string;
}

export interface ListedEvent {
  id: string;
  reason: string;
}

export interface ListedAddress {
  ip: string;
  reason: string;
}

export interface ListedRole {
  id: string;
  label: string;
  description: string;
  /** A hue from 0 to 360. */
  color: number | null;
  order: number | null;
  members: string[];
}

export interface AuditLine {
  /** Unix seconds. */
  at: number;
  pubkey: string;
  method: string;
  params: unknown[];
  /** "done", or the reason why nothing was done. */
  outcome: string;
}

export interface ListedSetting {
  name: string;
  about: string;
  expected: string;
  default: string;
  configured: string | null;
  /** What is in effect; null for a secret. */
  value: string | null;
  isSet: boolean;
  method: MethodName | null;
}

export interface Range {
  since: number;
  until: number;
}

/** Without fields: everything. */
export interface UpstreamFilter {
  kinds?: number[];
  authors?: string[];
  [tag: `#${string}`]: string[];
}

export interface UpstreamSettings {
  filters: UpstreamFilter[];
  direction: "in" | "out" | "both";
  live: boolean;
  interval?: number;
  history?: number | "all";
  rate?: number;
}

export interface Coverage {
  method: "nip77" | "count" | "sample";
  at: number | null;
  held: number;
  here: number;
  days: { since: number; held: number; here: number }[];
}

export interface FilterStatus {
  filter: UpstreamFilter;
  pulledTo?: number;
  gaps: Range[];
  gapCount: number;
  lost: (Range & { reason: string })[];
  lostCount: number;
  coverage?: Coverage;
  notCompared?: { at: number; reason: string };
}

export interface LiveStatus {
  connectedSince?: number;
  lastEvent?: number;
  lastDrop?: { at: number; reason: string };
  drops: number;
  events: number;
  waste: number;
}

export interface OnwardStatus {
  accepted: number;
  known: number;
  refused: number;
  refusals: { id: string; kind: number; reason: string; at: number }[];
  failures: number;
  problem?: string;
}

export interface UpstreamStatus {
  url: string;
  origin: "settings" | "operator" | "outbox";
  state: "new" | "ok" | "failing" | "paused" | "out" | "unlisted" | "unknown";
  settings: UpstreamSettings | null;
  lag: number | null;
  isLeased: boolean;
  nextPull: number | null;
  failures: number;
  health: {
    pulls: number;
    failures: number;
    bytes: number;
    received: number;
    queued: number;
    latency?: number;
    announcedLimit?: number;
    speaksNegentropy?: boolean;
    wantsAuth?: boolean;
    lastSuccess?: number;
    lastFailure?: { at: number; reason: string };
  };
  live: LiveStatus | null;
  onward: OnwardStatus | null;
  filters: FilterStatus[];
  backfills: Range[];
}

export interface Outboxes {
  keys: { pubkey: string; addedAt: number }[];
  chosenAt?: number;
  authors: number;
  onOne: number;
  onNone: number;
  withoutList: number;
  relays: { url: string; authors: number; failures: number; isPaused: boolean }[];
}

export interface Letter {
  id: number;
  upstream: string;
  event: string;
  pubkey: string | null;
  reason: string;
  at: number;
  attempts: number;
  bytes: number;
  isKept: boolean;
  redrive: number | null;
}

export interface FoundTrace {
  /** null if the event was not sampled. */
  trace: string | null;
  /** The page of the trace; null if the relay knows none. */
  url: string | null;
}

interface Answers {
  supportedmethods: string[];
  listbannedpubkeys: ListedKey[];
  listallowedpubkeys: ListedKey[];
  listeventsneedingmoderation: ListedEvent[];
  listbannedevents: ListedEvent[];
  listallowedevents: ListedEvent[];
  listallowedkinds: number[];
  listdisallowedkinds: number[];
  listblockedips: ListedAddress[];
  listroles: ListedRole[];
  listauditlog: AuditLine[];
  listsettings: ListedSetting[];
  listupstreams: UpstreamStatus[];
  listoutboxes: Outboxes;
  listdeadletters: { letters: Letter[]; total: number; dropped: number };
  showdeadletter: Letter & { body: unknown };
  gettrace: FoundTrace;
  /** What became of the alert, by channel. */
  testalert: Record<string, string>;
}

/** Methods that are not listed answer true when they have changed something. */
export type AnswerOf<Method extends MethodName> = Method extends keyof Answers ? Answers[Method] : true;
