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
  gettrace: FoundTrace;
}

/** Methods that are not listed answer true when they have changed something. */
export type AnswerOf<Method extends MethodName> = Method extends keyof Answers ? Answers[Method] : true;
