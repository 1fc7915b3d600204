/**
 * Publishes the events of this relay's clients to one other relay, in bounded work: in the order of the log, one after the other.
 * Only events that a client has published are sent, so none goes back to where it was pulled from.
 *
 * The position in the log moves over an event when the relay has accepted it, or will never take it. It is saved after every ten
 * answers, so a job that dies sends at most these again, which the relay answers with `duplicate:`.
 */
import { firstCharacters, printable } from "../../nostr/characters.ts";
import type { Event } from "../../nostr/event.ts";
import { type OnwardAnswers, withRefusal } from "../../store/upstreams/onward-answers.ts";
import type { AdoptedEvents, OwnEvents } from "../../store/sql/own-log.ts";
import type { StoredEvent } from "../../store/store.ts";
import type { UpstreamFilter } from "../../store/upstreams/upstream-settings.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { queueAttributes, queuePeer } from "../../telemetry/messaging.ts";
import { errorType } from "../../telemetry/span-attributes.ts";
import type { Tracer } from "../../telemetry/tracing.ts";
import { leavesFor } from "./events.ts";
import type { Outlet } from "../conversation/offer.ts";
import { problemWith } from "../conversation/upstream.ts";
import { ofUpstream } from "../conversation/upstream-span.ts";

export interface OnwardTask {
  url: string;
  filters: readonly UpstreamFilter[];
  /** Maximum number of events in a minute. */
  rate?: number | undefined;
  progress: OnwardProgress;
}

export interface OnwardProgress {
  /** The position in the log up to which every event has been answered or left out. */
  sent: number;
  answers: OnwardAnswers;
}

export interface OnwardDeps {
  connect(url: string): Promise<Outlet>;
  /** Returns events of clients after a position in the log. */
  read(after: number, limit: number): Promise<OwnEvents>;
  /** Returns events that an upstream had brought when a client published them, at log positions up to this one. */
  readAdopted(sent: number, limit: number): Promise<AdoptedEvents>;
  dropAdopted(seqs: readonly number[]): Promise<void>;
  /** Saves the progress. Returns false if another job has the lease by now. */
  save(progress: OnwardProgress): Promise<boolean>;
  /** Resolves after some milliseconds. */
  pause(milliseconds: number): Promise<void>;
  /** Unix seconds. */
  now(): number;
  metrics: Metrics;
  tracer: Tracer;
}

export interface OnwardResult {
  progress: OnwardProgress;
  /** Number of answers that count: the relay is there. */
  answered: number;
  /** Why it ended early. */
  problem?: string;
}

/** Bounds of one job. With a new connection and the last answers it takes less than its lease (`schedule.ts`). */
const MOST_SECONDS = 60;
const PAGE = 100;
const SAVED_EVERY = 10;
/** If an event was not taken so many times, perhaps only it is the reason: then the next one is tried. */
const SUSPECT_AFTER = 5;
const LONGEST_PROBLEM = 300;
const FOR_NOW = /^(?:rate-limited|error|auth-required):/;

/** Ends the job: the relay does not take events now. */
class NotNowError extends Error {}
/** Ends the job: another one has the lease. */
class LeaseLostError extends Error {}

interface Leaving {
  seq: number;
  event: Event;
}

type Final = { how: "accepted" | "known" } | { how: "refused"; reason: string };
/** `isOfEvent`: perhaps the event is the reason, and not the relay. */
type Later = { how: "later"; reason: string; isOfEvent: boolean };

export function publishOnward(task: OnwardTask, deps: OnwardDeps): Promise<OnwardResult> {
  const attributes = { upstream: task.url, ...queueAttributes("pulls") };
  const about = { kind: "consumer", peer: queuePeer("pulls"), attributes } as const;
  return deps.tracer.span("publish_onward", about, async (span) => {
    const job = new OnwardJob(task, deps);
    let problem: string | undefined;
    try {
      await job.run();
    } catch (error) {
      if (!(error instanceof LeaseLostError)) problem = printable(textOf(error));
      // Only the log and the database have the reason: a trace must not contain text of a relay.
      span.set("error.type", errorType(error));
    } finally {
      job.disconnect();
    }
    const { progress, answered } = job;
    span.set("events", answered);
    return { progress, answered, ...(problem !== undefined && { problem }) };
  });
}

class OnwardJob {
  progress: OnwardProgress;
  answered = 0;
  private readonly task: OnwardTask;
  private readonly deps: OnwardDeps;
  private readonly leaves: (event: Event, now: number) => boolean;
  private readonly deadline: number;
  private outlet: Outlet | undefined;
  private offers = 0;

  constructor(task: OnwardTask, deps: OnwardDeps) {
    this.task = task;
    this.deps = deps;
    this.progress = { ...task.progress };
    this.leaves = leavesFor(task.url, task.filters);
    this.deadline = deps.now() + MOST_SECONDS;
  }

  async run(): Promise<void> {
    await this.publishAdopted();
    for (let more = true; more && !this.isLate;) {
      const page = await this.read(this.progress.sent);
      for (const one of page.leaving) {
        if (this.isLate) return;
        await this.publish(one);
        this.progress.sent = one.seq;
        if (this.answered % SAVED_EVERY === 0) await this.save();
      }
      const hasMoved = page.coveredTo > this.progress.sent;
      this.progress.sent = page.coveredTo;
      more = page.more;
      if (more && hasMoved) await this.save();
    }
  }

  /** Publishes what the log was passed before a client published it. It may have been sent, and then is known there. */
  private async publishAdopted(): Promise<void> {
    for (;;) {
      const { seqs, events } = await this.deps.readAdopted(this.progress.sent, PAGE);
      if (seqs.length === 0) return;
      for (const one of this.leavingOf(events)) {
        if (this.isLate) return;
        await this.publish(one);
        await this.deps.dropAdopted([one.seq]);
      }
      await this.deps.dropAdopted(seqs);
    }
  }

  disconnect(): void {
    const { outlet } = this;
    if (!outlet) return;
    this.outlet = undefined;
    this.deps.tracer.span("cleanup", {}, () => outlet.close());
    this.deps.metrics.add("message_received_counts", { source: "upstream" }, outlet.traffic.frames);
    this.deps.metrics.add("cleanup_counts", { source: "upstream" });
  }

  /** Returns what is to be published, of a part of the log after this position. */
  private async read(after: number): Promise<{ leaving: Leaving[]; coveredTo: number; more: boolean }> {
    const { events, coveredTo, more } = await this.deps.read(after, PAGE);
    return { leaving: this.leavingOf(events), coveredTo, more };
  }

  private leavingOf(events: StoredEvent[]): Leaving[] {
    return events
      .map(({ seq, json }): Leaving => ({ seq, event: JSON.parse(json) as Event }))
      .filter(({ event }) => this.leaves(event, this.deps.now()));
  }

  private get isLate(): boolean {
    return this.deps.now() >= this.deadline;
  }

  /** Publishes one event. Throws if the relay does not take it now. */
  private async publish({ seq, event }: Leaving): Promise<void> {
    const first = await this.offer(event);
    const verdict = first.how === "later" ? await this.insist({ seq, event }, first) : first;
    const { tried: _tried, ...answers } = this.progress.answers;
    if (verdict.how === "refused") {
      const { id, kind } = event;
      const refusal = { id, kind, reason: verdict.reason, at: this.deps.now() };
      this.progress.answers = withRefusal(answers, refusal);
    } else this.progress.answers = { ...answers, [verdict.how]: answers[verdict.how] + 1 };
    this.answered += 1;
  }

  /**
   * Gives an event up if only this event is the reason why the relay takes nothing: it has been tried many times, the relay takes
   * the next event, and then this one still not. Otherwise one event would hold up all others for ever.
   */
  private async insist({ seq, event }: Leaving, { reason, isOfEvent }: Later): Promise<Final> {
    if (!isOfEvent) throw new NotNowError(reason);
    const { answers } = this.progress;
    const times = 1 + (answers.tried?.id === event.id ? answers.tried.times : 0);
    this.progress.answers = { ...answers, tried: { id: event.id, times } };
    const next = times >= SUSPECT_AFTER ? await this.nextAfter(seq) : undefined;
    if (!next || (await this.offer(next)).how === "later") throw new NotNowError(reason);
    const second = await this.offer(event);
    if (second.how !== "later") return second;
    return { how: "refused", reason: `given up after ${times + 1} attempts: ${second.reason}` };
  }

  private async nextAfter(seq: number): Promise<Event | undefined> {
    for (let after = seq, more = true; more && !this.isLate;) {
      const page = await this.read(after);
      if (page.leaving[0]) return page.leaving[0].event;
      ({ coveredTo: after, more } = page);
    }
    return undefined;
  }

  private async offer(event: Event): Promise<Final | Later> {
    const { rate } = this.task;
    if (rate !== undefined && this.offers > 0) await this.deps.pause(60_000 / rate);
    this.offers += 1;
    this.outlet ??= await this.connect();
    const { outlet } = this;
    const about = ofUpstream(this.task.url);
    const { ending } = await this.deps.tracer.span("handle_message", about, () => outlet.offer(event));
    if (ending.how === "accepted") return { how: ending.isKnown ? "known" : "accepted" };
    const { notice } = outlet;
    if (ending.how === "closed") {
      const reason = printable(ending.reason);
      if (!FOR_NOW.test(reason)) return { how: "refused", reason };
      return { how: "later", reason: problemWith(ending, notice), isOfEvent: reason.startsWith("error:") };
    }
    if (ending.how === "auth") return { how: "later", reason: ending.reason, isOfEvent: false };
    // A late OK would be waited for in vain by the next event, and the connection may be of no use any more.
    this.disconnect();
    return { how: "later", reason: problemWith(ending, notice), isOfEvent: true };
  }

  private async connect(): Promise<Outlet> {
    const { tracer, connect } = this.deps;
    const { url } = this.task;
    const outlet = await tracer.span("connect", ofUpstream(url), () => connect(url));
    this.deps.metrics.add("relay_connect_counts", { source: "upstream" });
    return outlet;
  }

  private async save(): Promise<void> {
    if (!(await this.deps.save(this.progress))) throw new LeaseLostError();
  }
}

function textOf(error: unknown): string {
  return firstCharacters(error instanceof Error ? error.message : String(error), LONGEST_PROBLEM);
}
