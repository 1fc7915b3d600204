/**
 * Finding out which events a client and the relay each lack (NIP-77), over what that client may read. A reconciliation
 * holds a snapshot in memory, and only there: after hibernation, or when others need the room, it has to be opened
 * again.
 */
import type { Filter } from "../nostr/filter.ts";
import { negErrFrame, negMsgFrame } from "../nostr/message.ts";
import { LEAST_FRAME, reconcile, RECORD_BYTES } from "../nostr/negentropy.ts";
import type { Config } from "./config.ts";
import type { Hub } from "./hub.ts";
import type { Refusal } from "./policy.ts";
import { filtersRefusal } from "./request.ts";
import type { Session } from "./session.ts";
import { answerCost, comparisonCost } from "./toll.ts";
import { Turns } from "./turns.ts";

/** That one connection may hold. */
const MOST_OPEN = 10;
/** Of snapshots in one hub, which has 128 MB for everything. */
const MOST_BYTES = 16_000_000;
const IDLE_SECONDS = 60;
/** Of a NEG-MSG around the hex; an id can be six times as long in JSON. */
const FRAME_CHARACTERS = 500;

interface Reconciliation {
  session: Session;
  id: string;
  /** Undefined until the store has been read. */
  records: Uint8Array | undefined;
  /** Unix seconds. */
  usedAt: number;
}

export class Reconciliations {
  private readonly hub: Hub;
  private readonly bySession = new Map<Session, Map<string, Reconciliation>>();
  /** Those with a snapshot, the least recently used first. */
  private readonly held = new Set<Reconciliation>();
  private bytes = 0;
  /** One snapshot is read at a time: on its way it takes several times the memory that is then held. */
  private readonly reads: Turns;

  constructor(hub: Hub) {
    this.hub = hub;
    this.reads = new Turns({ most: 1, mostOfLine: 1, breathe: () => hub.deps.pause(1) });
  }

  async open(
    session: Session,
    { subscription: id, filter, query }: { subscription: string; filter: Filter; query: Uint8Array },
  ): Promise<void> {
    this.close(session, id);
    const own = this.bySession.get(session) ?? new Map<string, Reconciliation>();
    const refusal = refusalOf(session, filter, own.size, this.hub.deps.config);
    if (refusal) {
      session.send(negErrFrame(id, refusal.prefix, refusal.reason));
      return;
    }
    const reconciliation = { session, id, records: undefined, usedAt: this.hub.deps.now() };
    this.bySession.set(session, own.set(id, reconciliation));
    await this.reads.take(session.line, reconciliation, () => this.read(reconciliation, filter));
    this.answer(reconciliation, query);
  }

  goOn(session: Session, { subscription: id, query }: { subscription: string; query: Uint8Array }): void {
    this.dropIdle();
    const reconciliation = this.bySession.get(session)?.get(id);
    if (reconciliation?.records) this.answer(reconciliation, query);
    else this.end(session, id, negErrFrame(id, "closed", "this is not open, or no longer: open it again"));
  }

  close(session: Session, id: string): void {
    const own = this.bySession.get(session);
    const reconciliation = own?.get(id);
    if (!own || !reconciliation) return;
    own.delete(id);
    this.reads.drop(session.line, reconciliation);
    if (own.size === 0) this.bySession.delete(session);
    if (this.held.delete(reconciliation)) this.bytes -= reconciliation.records?.length ?? 0;
  }

  closeAll(session: Session): void {
    for (const id of this.bySession.get(session)?.keys() ?? []) this.close(session, id);
  }

  /** The session may read no more. */
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

  /** Takes the snapshot, or says why there is none. */
  private async read(reconciliation: Reconciliation, filter: Filter): Promise<void> {
    const { session, id } = reconciliation;
    const { store, config, metrics } = this.hub.deps;
    const most = config.MAX_SYNC_EVENTS;
    try {
      const refusal = this.hub.tooMuch(session) ?? (await this.hub.moderator.refuseRead(session.keys));
      if (refusal) {
        if (this.isOpen(reconciliation))
          this.end(session, id, negErrFrame(id, refusal.prefix, refusal.reason));
        return;
      }
      const { records, cost } = await store.records(filter, this.hub.viewOf(session), most);
      metrics.add("d1_rows_read", "websocket", cost.rowsRead);
      this.hub.toll.pay(session, answerCost(1, cost.rowsRead, []));
      if (!this.isOpen(reconciliation)) return;
      if (records) this.hold(reconciliation, records);
      else this.end(session, id, negErrFrame(id, "blocked", "this query is too big", most));
    } catch (error) {
      this.hub.deps.report(error);
      if (!this.isOpen(reconciliation)) return;
      this.end(session, id, negErrFrame(id, "error", "the stored events could not be read, try again"));
    }
  }

  private hold(reconciliation: Reconciliation, records: Uint8Array): void {
    this.dropIdle();
    for (const oldest of this.held) {
      if (this.bytes + records.length <= MOST_BYTES) break;
      this.drop(oldest, "others need the memory");
    }
    reconciliation.records = records;
    this.bytes += records.length;
    this.held.add(reconciliation);
  }

  private answer(reconciliation: Reconciliation, query: Uint8Array): void {
    const { session, id, records } = reconciliation;
    if (!records || !this.isOpen(reconciliation)) return;
    reconciliation.usedAt = this.hub.deps.now();
    this.held.delete(reconciliation);
    this.held.add(reconciliation);
    this.hub.toll.pay(session, comparisonCost(records.length / RECORD_BYTES));
    const reconciled = reconcile(records, query, longestAnswer(this.hub.deps.config.MAX_MESSAGE_LENGTH));
    if (reconciled.ok) session.send(negMsgFrame(id, reconciled.answer));
    else this.end(session, id, negErrFrame(id, "invalid", reconciled.reason));
  }

  private dropIdle(): void {
    const since = this.hub.deps.now() - IDLE_SECONDS;
    for (const oldest of this.held) {
      if (oldest.usedAt >= since) break;
      this.drop(oldest, "you took too long to respond");
    }
  }

  private drop({ session, id }: Reconciliation, reason: string): void {
    this.end(session, id, negErrFrame(id, "closed", reason));
  }
}

/** In bytes, which are two characters each in the frame. */
function longestAnswer(messageLength: number): number {
  return Math.max(LEAST_FRAME, Math.floor((messageLength - FRAME_CHARACTERS) / 2));
}

function refusalOf(session: Session, filter: Filter, open: number, config: Config) {
  if (filter.search !== undefined) {
    return { prefix: "unsupported", reason: "a search is no set of events that could be compared" } as const;
  }
  if (open >= MOST_OPEN) {
    return {
      prefix: "rate-limited",
      reason: `${MOST_OPEN} reconciliations are open, close one first`,
    } as const;
  }
  return filtersRefusal(session, [filter], config);
}
