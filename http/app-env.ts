/** What the routes depend on. It comes with each request, as the second argument of `app.fetch`. */
import type { Access } from "../relay/access/access.ts";
import type { Moderation } from "../relay/access/moderation-snapshot.ts";
import type { Config } from "../relay/config.ts";
import type { Ingest } from "../relay/ingest/ingest.ts";
import type { BodyRoom } from "../relay/limits/body-room.ts";
import type { RateLimiter, TooMuch } from "../relay/limits/rate-limiter.ts";
import type { Reads } from "../relay/reads.ts";
import type { StreamRequest } from "../relay/session/streams.ts";
import type { Verify } from "../nostr/signature.ts";
import type { ModerationStore } from "../store/moderation/moderation.ts";
import type { Readiness } from "../store/watch/probe.ts";
import type { Store } from "../store/store.ts";
import type { StoreSize } from "../store/database/store-size.ts";
import type { Metrics, ReadName } from "../telemetry/metrics.ts";
import type { PublicFigures, RangeName, StatsAnswer } from "../telemetry/stats-answer.ts";
import type { Figures } from "../telemetry/sums.ts";

/** Decisions of the operators (NIP-86), read in three ways. */
export interface Decisions {
  /** Returns what a request last read; undefined before the first read. Does not read. */
  last(): Moderation | undefined;
  /** Returns decisions that are at most a few seconds old. */
  recent(): Promise<Moderation>;
  /**
   * Returns the current decisions. Reads one row, once per request. Rejects if nothing is known and nothing can be
   * read.
   */
  current(): Promise<Moderation>;
}

export interface AppEnv {
  Bindings: {
    /** The configured settings, without changes at run time. */
    config: Config;
    version: string;
    store: Pick<Store, "read" | "load" | "count" | "newestPublic" | "log">;
    /** Reads what `/health/ready` says. */
    readReadiness(): Promise<Readiness>;
    /** Asks the database for its size, and nothing else. */
    measure(): Promise<void>;
    /** Reads what rises and falls. */
    readGauges(): Promise<Partial<Record<ReadName, number>>>;
    /** As the last statement has told. */
    size: Pick<StoreSize, "bytes" | "limit" | "level" | "percent">;
    reads: Reads;
    /** The room of bodies that are being read. */
    bodies: Pick<BodyRoom, "read">;
    ingest: Ingest;
    /** Runs work in one turn of a client, whose events share batches. */
    ingestMany<T>(client: unknown, work: (ingest: Ingest) => Promise<T>): Promise<T>;
    /** Opens an event stream at a hub. Status 503: no hub has room. Rejects if the database does not answer. */
    openStream(request: Request, asked: StreamRequest): Promise<Response>;
    access: Pick<Access, "refuseRead" | "isProbablyOpen">;
    decisions: Decisions;
    management: Management;
    metrics: Metrics;
    limiter: RateLimiter;
    /** Returns the client's IP address; undefined if the platform does not tell, or if it is this machine. */
    addressOf(request: Request): string | undefined;
    /** Limits networks beyond this process. Absent if the platform cannot. */
    refuseFlood?: (request: Request) => Promise<TooMuch | undefined>;
    /** Unix seconds. */
    now(): number;
    /** Returns all that has been counted. */
    figures(): Promise<Figures>;
    /** Returns what was counted in the steps of a range. */
    stats(range: RangeName): Promise<StatsAnswer>;
    /** Returns what anybody may know. It is up to ten seconds old, and the number of stored events up to five minutes. */
    publicFigures(): Promise<PublicFigures>;
    /** Logs an error whose details the client does not get. */
    report(error: unknown): void;
  };
}

interface Management {
  store: ModerationStore;
  verify: Verify;
  /** Sends an alert that nothing is wrong. Returns what became of it, by channel. */
  testAlert(): Promise<Readonly<Record<string, string>>>;
  /** Announces a change to all hubs. Resolves with the names of those that did not answer. */
  announce(): Promise<string[]>;
  /** Resolves after some milliseconds. */
  pause(milliseconds: number): Promise<void>;
}
