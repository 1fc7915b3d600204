/** A row of the table of behaviours of upstreams: what one does, and what must come of it. */
import type { PullDeps } from "../../../aggregator/turn/job.ts";
import type { PullTask } from "../../../aggregator/turn/turns.ts";
import type { Event } from "../../../nostr/event.ts";
import type { Behaviour } from "../../fixtures/simulated-upstream.ts";
import { NOW } from "../../fixtures/puller.ts";

export interface Row {
  what: string;
  upstream: Behaviour;
  /** What the upstream becomes for the n-th pull, from the second on. */
  later?: Record<number, Behaviour>;
  /** Number of pulls, a minute apart. The default is 1. */
  pulls?: number;
  task?: Partial<PullTask>;
  change?: Partial<PullDeps & { sign: (challenge: string) => Event }>;
  expect: Expected;
}

export interface Expected {
  /** The events on the queue in the end: all that the upstream has stored, these, or so many. */
  queued: "all" | Event[] | number;
  /** Whether everything up to the last pull was asked for. The default is true. */
  isReached?: boolean;
  /** The gaps after the last pull: since and until, in seconds before NOW. The default is none. */
  pending?: [since: number, until: number][];
  /** The seconds that are lost, in seconds before NOW, and the reason. The default is none. */
  lost?: [second: number, reason: string][];
  /** The problem of the last pull. The default is none. */
  problem?: string;
  /** Seconds for which the upstream is left alone after the last pull. */
  pause?: number;
  /** Whether the last pull has more to do at once. The default is false. */
  isUnfinished?: boolean;
  /** Maximum number of questions, and of seconds, of any pull. The defaults are the bounds of a job. */
  questions?: number;
  seconds?: number;
}

let made = 0;

/** Returns an event that is this many seconds old. */
export function note(age: number, fields: Partial<Event> = {}): Event {
  made += 1;
  const id = ((made * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, "0").padEnd(64, made.toString(16));
  const signed = { pubkey: "a".repeat(64), sig: "b".repeat(128), kind: 1, tags: [], content: "" };
  return { id, ...signed, created_at: NOW - age, ...fields };
}

/** Returns `count` events, newest first, of which each is a second older than the one before, or so many. */
export function notes(count: number, { from = 0, every = 1 } = {}): Event[] {
  return Array.from({ length: count }, (_, n) => note(from + n * every));
}

export const author = (n: number) => n.toString(16).padStart(64, "0");

export const secondsAgo = (age: number) => ({ since: NOW - age, until: NOW - age });
