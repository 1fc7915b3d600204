/**
 * Reconciliation (NIP-77): finds out which events the client and the relay lack, among those that the client may see. A
 * reconciliation has a snapshot, only in memory. After hibernation, or if other clients need the memory, the client must open
 * it again.
 */
import type { Filter } from "../../nostr/filter.ts";
import { type Refusal, negErrFrame, negMsgFrame } from "../../nostr/message.ts";
import { LEAST_FRAME, reconcile } from "../../nostr/negentropy.ts";
import type { Store } from "../../store/store.ts";
import type { Config } from "../config.ts";
import { answerCost, comparisonCost } from "../limits/cost.ts";
import { FairQueue } from "../limits/fair-queue.ts";
import { HUB_MEMORY } from "../limits/hub-memory.ts";
import type { RateLimiter } from "../limits/rate-limiter.ts";
import { boundsRefusal, type ReadOutcome, type Reads } from "../reads.ts";
import { type ReadAccess, readerOf, viewOf } from "./reader.ts";
import type { Session } from "./session.ts";

/** Maximum number of open reconciliations of one connection. */
const MOST_OPEN = 10;
const IDLE_SECONDS = 60;
/** Maximum number of unanswered messages of one reconciliation. */
const MOST_WAITING = 2;
/** Maximum cost of one slice: about 5 ms. Then others are served. */
const SLICE_COST = 3000;
/** Maximum bytes of a NEG-MSG besides the hex. An id may be six times as long in JSON. */
const FRAME_CHARACTERS = 500;

/** Rows that a snapshot may look at for each event that it may have: two of an index, and the event itself. */
const ROWS_FOR_RECORD = 3;

interface Reconciliation {
  session: Session;
  id: string;
  /** The snapshot; undefined until the store has been read. */
  records: Uint8Array | undefined;
  /** Number of unanswered messages. */
  waiting: number;
  /** Unix seconds. */
  usedAt: number;
}

interface ReconciliationsDeps {
  config: Config;
  store: Pick<Store, "records">;
  reads: Pick<Reads, "run" | "drop">;
  access: ReadAccess;
  limiter: Pick<RateLimiter, "charge">;
  /** Unix seconds. */
  now(): number;
  /** Resolves after some milliseconds. */
  pause(milliseconds: number): Promise<void>;
  /** Logs an error whose details the client does not get. */
  report(error: unknown): void;
}

export class Reconciliations {
  private readonly deps: ReconciliationsDeps;
  private readonly bySession = new Map<Session, Map<string, Reconciliation>>();
  /** Reconciliations with a snapshot, the least recently used first. */
  private readonly held = new Set<Reconciliation>();
  private bytes = 0;
  /** Only one snapshot is read at a time: while it is read, it takes several times its final memory. */
  private readonly snapshots: FairQueue;
  /** Messages are answered one at a time, those of a client in order. */
  private readonly rounds: FairQueue;

  constructor(deps: ReconciliationsDeps) {
    this.deps = deps;
    const oneAtATime = { most: 1, mostOfClient: 1, breathe: () => deps.pause(1) };
    this.snapshots = new FairQueue(oneAtATime);
    this.rounds = new FairQueue(oneAtATime);
  }

  async open(
    session: Session,
    { subscription: id, filter, query }: { subscription: string; filter: Filter; query: Uint8Array },
  ): Promise<void> {
    this.close(session, id);
    const own = this.bySession.get(session) ?? new Map<string, Reconciliation>();
    const refusal = refusalOf(session, filter, own.size, this.deps.config);
    if (refusal) {
      session.send(negErrFrame(id, refusal.prefix, refusal.reason));
      return;
    }
    const reconciliation = { session, id, records: undefined, waiting: 0, usedAt: this.deps.now() };
    this.bySession.set(session, own.set(id, reconciliation));
    await this.snapshots.run(session.client, reconciliation, () => this.read(reconciliation, filter));
    await this.answer(reconciliation, query);
  }

  async goOn(
    session: Session,
    { subscription: id, query }: { subscription: string; query: Uint8Array },
  ): Promise<void> {
    this.dropIdle();
    const reconciliation = this.bySession.get(session)?.get(id);
    if (reconciliation && reconciliation.waiting >= MOST_WAITING)
      this.end(session, id, negErrFrame(id, "closed", "you did not wait for the answers: open it again"));
    else if (reconciliation?.records) await this.answer(reconciliation, query);
    else
      this.end(
        session,
        id,
        negErrFrame(id, "closed", "there is no such reconciliation, or it has ended: open it again"),
      );
  }

  close(session: Session, id: string): void {
    const own = this.bySession.get(session);
    const reconciliation = own?.get(id);
    if (!own || !reconciliation) return;
    own.delete(id);
    this.snapshots.drop(session.client, reconciliation);
    this.rounds.drop(session.client, reconciliation);
    this.deps.reads.drop(session.client, reconciliation);
    if (own.size === 0) this.bySession.delete(session);
    if (this.held.delete(reconciliation)) this.bytes -= reconciliation.records?.length ?? 0;
  }

  closeAll(session: Session): void {
    for (const id of this.bySession.get(session)?.keys() ?? []) this.close(session, id);
  }

  /** Ends the reconciliations of a session that may no longer read. */
  refuseAll(session: Session, { prefix, reason }: Refusal): void {
    for (const id of this.bySession.get(session)?.keys() ?? [])
      this.end(session, id, negErrFrame(id, prefix, reason));
  }

  private end(session: Session, id: string, frame: string): void {
    this.close(session, id);
    session.send(frame);
  }

  private isOpen(reconciliation: Reconciliation): boolean {
    return this.bySession.get(reconciliation.session)?.get(reconciliation.id) === reconciliation;
  }

  /** Reads the snapshot, or returns why there is none. */
  private async read(reconciliation: Reconciliation, filter: Filter): Promise<void> {
    const { session, id } = reconciliation;
    const { store, config, reads, access } = this.deps;
    const most = config.MAX_SYNC_EVENTS;
    const tooBig = negErrFrame(id, "blocked", "this query is too big", most);
    try {
      const outcome = await reads.run({
        reader: readerOf(session, access),
        filters: [filter],
        owner: reconciliation,
        isWanted: () => this.isOpen(reconciliation),
        work: () => store.records(filter, viewOf(session, this.deps.now()), most),
        mostLooked: ROWS_FOR_RECORD * most,
      });
      if (outcome.kind === "dropped" || !this.isOpen(reconciliation)) return;
      const records = outcome.kind === "refused" ? undefined : outcome.value;
      if (records) this.hold(reconciliation, records);
      else if (outcome.kind === "done" || isTooLong(outcome)) this.end(session, id, tooBig);
      else this.end(session, id, negErrOf(id, outcome.refusal));
    } catch (error) {
      this.deps.report(error);
      if (!this.isOpen(reconciliation)) return;
      this.end(session, id, negErrFrame(id, "error", "the stored events could not be read; try again"));
    }
  }

  private hold(reconciliation: Reconciliation, records: Uint8Array): void {
    this.dropIdle();
    for (const oldest of this.held) {
      if (this.bytes + records.length <= HUB_MEMORY.snapshots) break;
      this.drop(oldest, "other clients need the memory");
    }
    reconciliation.records = records;
    this.bytes += records.length;
    this.held.add(reconciliation);
  }

  private async answer(reconciliation: Reconciliation, query: Uint8Array): Promise<void> {
    reconciliation.waiting += 1;
    await this.rounds.run(reconciliation.session.client, reconciliation, () =>
      this.answerInSlices(reconciliation, query),
    );
    reconciliation.waiting -= 1;
  }

  private async answerInSlices(reconciliation: Reconciliation, query: Uint8Array): Promise<void> {
    const { session, id, records } = reconciliation;
    if (!records || !this.isOpen(reconciliation)) return;
    reconciliation.usedAt = this.deps.now();
    this.held.delete(reconciliation);
    this.held.add(reconciliation);
    const work = reconcile(records, query, longestAnswer(this.deps.config.MAX_MESSAGE_LENGTH));
    let cost = 0;
    for (let step = work.next(); ; step = work.next()) {
      if (step.done) {
        if (step.value.ok) cost += answerCost(step.value.answer);
        this.deps.limiter.charge(session, Math.ceil(cost));
        if (step.value.ok) session.send(negMsgFrame(id, step.value.answer));
        else this.end(session, id, negErrFrame(id, "invalid", step.value.reason));
        return;
      }
      cost += comparisonCost(step.value);
      if (cost < SLICE_COST) continue;
      this.deps.limiter.charge(session, Math.ceil(cost));
      cost = 0;
      await this.deps.pause(1);
      if (!this.isOpen(reconciliation)) return;
    }
  }

  private dropIdle(): void {
    const since = this.deps.now() - IDLE_SECONDS;
    for (const oldest of this.held) {
      if (oldest.usedAt >= since) break;
      this.drop(oldest, "you took too long to respond");
    }
  }

  private drop({ session, id }: Reconciliation, reason: string): void {
    this.end(session, id, negErrFrame(id, "closed", reason));
  }
}

function isTooLong(outcome: ReadOutcome<unknown>): boolean {
  return outcome.kind === "stopped" && outcome.refusal.prefix === "error";
}

function negErrOf(id: string, { prefix, reason }: Refusal): string {
  return negErrFrame(id, prefix, reason);
}

/** Returns the room for an answer in bytes, which are two characters each in the frame. */
function longestAnswer(messageLength: number): number {
  return Math.max(LEAST_FRAME, Math.floor((messageLength - FRAME_CHARACTERS) / 2));
}

function refusalOf(session: Session, filter: Filter, open: number, config: Config) {
  if (filter.search !== undefined) {
    return { prefix: "unsupported", reason: "a search cannot be reconciled" } as const;
  }
  if (open >= MOST_OPEN) {
    return {
      prefix: "rate-limited",
      reason: `${MOST_OPEN} reconciliations are open: close one first`,
    } as const;
  }
  return boundsRefusal([filter], session.keys, config);
}
