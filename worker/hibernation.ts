/**
 * What a hub remembers of its sockets while it hibernates. It is in a socket's attachment or, if it does not fit, in the
 * object's SQLite.
 */
import type { Debt } from "../relay/limits/token-buckets.ts";
import type { Identity, SessionMemory } from "../relay/session/session.ts";
import type { SubscriptionRecord } from "../relay/live/subscription.ts";

/** It has a version, because it outlives a deployment. The version also covers the session's records in SQLite. */
interface Attachment {
  version: 1;
  session: string;
  identity: Identity;
  subscriptions: SubscriptionRecord[];
  /** Present while it has subscriptions that are not saved. */
  unsaved?: true;
  /** When the client last sent something, in Unix seconds, to about a minute. Earlier deployments did not record it. */
  heardAt?: number;
}

/** An attachment of any deployment. The earliest ones of version 1 lack some fields. */
interface AnyAttachment {
  version?: unknown;
  identity?: Omit<Identity, "isChallenged"> & Partial<Identity>;
}

interface KeptDebts {
  version: 1;
  debts: Debt[];
}

/** Minimum seconds between two writes of an attachment that only update `heardAt`. */
const HEARD_PAUSE = 60;

/** The platform accepts attachments of 16 KiB when serialised, where a character may have two bytes. */
const ATTACHMENT_CHARACTERS = 6000;

/** A registered close code of WebSocket: the client should connect again. */
const SERVICE_RESTART = 1012;

/** The value is always a number without a version. Another form would need another key. */
const POSITION = "position";
const JOINED = "joined";
const DEBTS = "debts";

interface RestoredSocket {
  socket: WebSocket;
  memory: SocketMemory;
  identity: Identity;
  records: SubscriptionRecord[];
}

export class Hibernation {
  private readonly storage: DurableObjectStorage;
  private readonly report: (error: unknown) => void;
  private kept: number | undefined;

  constructor(storage: DurableObjectStorage, report: (error: unknown) => void) {
    this.storage = storage;
    this.report = report;
    storage.sql.exec(
      "CREATE TABLE IF NOT EXISTS subscription (session TEXT, id TEXT, record TEXT NOT NULL, PRIMARY KEY (session, id)) WITHOUT ROWID",
    );
    this.kept = storage.kv.get<number>(POSITION);
  }

  position(): number | undefined {
    return this.kept;
  }

  /** Saves the log position. Nothing waits for the write: the position is needed only while the sockets live. */
  keepPosition(at: number | undefined): void {
    if (at === this.kept) return;
    this.kept = at;
    const written =
      at === undefined
        ? this.storage.delete(POSITION, { allowUnconfirmed: true })
        : this.storage.put(POSITION, at, { allowUnconfirmed: true });
    written.catch(this.report);
  }

  /** Returns whether the switchboard knows this hub. */
  hasJoined(): boolean {
    return this.storage.kv.get<boolean>(JOINED) === true;
  }

  keepJoined(): void {
    this.storage.kv.put(JOINED, true);
  }

  debts(): Debt[] {
    const kept = this.storage.kv.get<KeptDebts>(DEBTS);
    return kept?.version === 1 ? kept.debts : [];
  }

  /** Saves debts. Nothing waits for this write either: limits apply from memory. */
  keepDebts(debts: Debt[]): void {
    const kept: KeptDebts = { version: 1, debts };
    this.storage.put(DEBTS, kept, { allowUnconfirmed: true }).catch(this.report);
  }

  /** Creates the memory of a socket that was just accepted. */
  begin(socket: WebSocket, identity: Identity): SocketMemory {
    const memory = new SocketMemory(this.storage.sql, socket, {
      version: 1,
      session: crypto.randomUUID(),
      identity,
      subscriptions: [],
    });
    memory.write();
    return memory;
  }

  /**
   * Returns all open sockets with their subscriptions, with one query for all. Closes sockets whose attachment has an
   * unknown version, or whose subscriptions were not all saved, so that their clients connect and subscribe again.
   */
  restore(sockets: WebSocket[]): RestoredSocket[] {
    const rows = this.storage.sql
      .exec<{ session: string; record: string }>("SELECT session, record FROM subscription")
      .toArray();
    const overflow = Map.groupBy(rows, ({ session }) => session);
    const restored = sockets.flatMap((socket) => {
      const attachment = readAttachment(socket.deserializeAttachment());
      if (typeof attachment === "string") {
        this.report(new Error(`closed a connection, because ${attachment}`));
        socket.close(SERVICE_RESTART, "the relay was restarted: connect again");
        return [];
      }
      const stored = (overflow.get(attachment.session) ?? []).map(
        ({ record }) => JSON.parse(record) as SubscriptionRecord,
      );
      overflow.delete(attachment.session);
      const memory = new SocketMemory(
        this.storage.sql,
        socket,
        attachment,
        stored.map(({ id }) => id),
      );
      return [
        {
          socket,
          memory,
          identity: attachment.identity,
          records: [...attachment.subscriptions, ...stored],
        },
      ];
    });
    for (const session of overflow.keys()) forgetAll(this.storage.sql, session);
    return restored;
  }
}

export class SocketMemory implements SessionMemory {
  private readonly sql: SqlStorage;
  private readonly socket: WebSocket;
  private attachment: Attachment;
  /** Ids of the subscriptions that are in SQLite. */
  private readonly stored: Set<string>;

  constructor(sql: SqlStorage, socket: WebSocket, attachment: Attachment, stored: string[] = []) {
    this.sql = sql;
    this.socket = socket;
    this.attachment = attachment;
    this.stored = new Set(stored);
  }

  expectMore(): void {
    if (this.attachment.unsaved) return;
    this.attachment.unsaved = true;
    this.write();
  }

  keep(records: SubscriptionRecord[], isMoreExpected: boolean): void {
    const { unsaved, ...attachment } = this.attachment;
    if (records.length === 0 && isMoreExpected === (unsaved === true)) return;
    const saved = new Set(records.map(({ id }) => id));
    const attached = attachment.subscriptions.filter(({ id }) => !saved.has(id));
    let characters = attached.reduce((sum, record) => sum + charactersOf(record), 0);
    for (const record of records) {
      this.forgetStored(record.id);
      const length = charactersOf(record);
      if (characters + length > ATTACHMENT_CHARACTERS) this.store(record);
      else {
        characters += length;
        attached.push(record);
      }
    }
    this.attachment = { ...attachment, subscriptions: attached, ...(isMoreExpected && { unsaved: true }) };
    this.write();
  }

  private store(record: SubscriptionRecord): void {
    this.sql.exec(
      "INSERT INTO subscription (session, id, record) VALUES (?, ?, ?)",
      this.attachment.session,
      record.id,
      JSON.stringify(record),
    );
    this.stored.add(record.id);
  }

  forget(id: string): void {
    this.forgetStored(id);
    const others = this.attachment.subscriptions.filter((record) => record.id !== id);
    if (others.length === this.attachment.subscriptions.length) return;
    this.attachment.subscriptions = others;
    this.write();
  }

  private forgetStored(id: string): void {
    if (!this.stored.delete(id)) return;
    this.sql.exec("DELETE FROM subscription WHERE session = ? AND id = ?", this.attachment.session, id);
  }

  /** Unix seconds; undefined if unknown. */
  get heardAt(): number | undefined {
    return this.attachment.heardAt;
  }

  /** Records that the client has sent something. */
  hear(now: number): void {
    if (now - (this.attachment.heardAt ?? -Infinity) < HEARD_PAUSE) return;
    this.attachment.heardAt = now;
    this.write();
  }

  keepIdentity(identity: Identity): void {
    this.attachment.identity = identity;
    this.write();
  }

  write(): void {
    this.socket.serializeAttachment(this.attachment);
  }
}

/** The length of a record as JSON. It is asked for each record whenever another is saved. */
function charactersOf(record: SubscriptionRecord): number {
  const known = lengths.get(record) ?? JSON.stringify(record).length + 1;
  lengths.set(record, known);
  return known;
}

const lengths = new WeakMap<SubscriptionRecord, number>();

/** Reads an attachment. Returns what is wrong with one that cannot be used. */
function readAttachment(value: unknown): Attachment | string {
  const attachment = value as (AnyAttachment & Omit<Attachment, keyof AnyAttachment>) | null;
  // Before sessions had an identity, the version was 1 too.
  if (attachment?.version !== 1 || !attachment.identity) return "its attachment has an unknown version";
  if (attachment.unsaved) return "the hub ended before all of its subscriptions were saved";
  // The field is missing from before AUTH_CHALLENGE existed: then every connection was challenged at once.
  const identity = { ...attachment.identity, isChallenged: attachment.identity.isChallenged ?? true };
  return { ...attachment, version: 1, identity };
}

function forgetAll(sql: SqlStorage, session: string): void {
  sql.exec("DELETE FROM subscription WHERE session = ?", session);
}
