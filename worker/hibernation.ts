/**
 * What a hub remembers of its sockets while it is not in memory: in a socket's attachment what fits there,
 * the rest in the object's own SQLite.
 */
import type { Debt } from "../relay/rate-limit.ts";
import type { Identity, SessionMemory, SubscriptionRecord } from "../relay/session.ts";

/** Outlives a deployment, so it says its version. */
interface Attachment {
  version: 1;
  session: string;
  identity: Identity;
  subscriptions: SubscriptionRecord[];
}

interface KeptDebts {
  version: 1;
  debts: Debt[];
}

/** The platform takes 16 KiB of serialised attachment, in which a character can be two bytes. */
const ATTACHMENT_CHARACTERS = 6000;

const POSITION = "position";
const JOINED = "joined";
const DEBTS = "debts";

export interface RestoredSocket {
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

  /** No frame waits for this to reach the disk: it is only needed as long as the sockets live. */
  keepPosition(at: number | undefined): void {
    if (at === this.kept) return;
    this.kept = at;
    const written =
      at === undefined
        ? this.storage.delete(POSITION, { allowUnconfirmed: true })
        : this.storage.put(POSITION, at, { allowUnconfirmed: true });
    written.catch(this.report);
  }

  /** Whether the switchboard knows that this hub is there. */
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

  /** Nobody waits for this either: who is refused in memory is refused. */
  keepDebts(debts: Debt[]): void {
    const kept: KeptDebts = { version: 1, debts };
    this.storage.put(DEBTS, kept, { allowUnconfirmed: true }).catch(this.report);
  }

  /** For a socket that has just been accepted. */
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

  /** All sockets that are still open, with what they were subscribed to: one query for all of them. */
  restore(sockets: WebSocket[]): RestoredSocket[] {
    const rows = this.storage.sql
      .exec<{ session: string; record: string }>("SELECT session, record FROM subscription")
      .toArray();
    const overflow = Map.groupBy(rows, ({ session }) => session);
    const restored = sockets.map((socket) => {
      const attachment = socket.deserializeAttachment() as Attachment;
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
      const { identity } = attachment;
      return { socket, memory, identity, records: [...attachment.subscriptions, ...stored] };
    });
    for (const session of overflow.keys()) forgetAll(this.storage.sql, session);
    return restored;
  }
}

export class SocketMemory implements SessionMemory {
  private readonly sql: SqlStorage;
  private readonly socket: WebSocket;
  private readonly attachment: Attachment;
  /** Ids of the subscriptions that are in SQLite. */
  private readonly stored: Set<string>;

  constructor(sql: SqlStorage, socket: WebSocket, attachment: Attachment, stored: string[] = []) {
    this.sql = sql;
    this.socket = socket;
    this.attachment = attachment;
    this.stored = new Set(stored);
  }

  keep(record: SubscriptionRecord): void {
    this.forget(record.id);
    const subscriptions = [...this.attachment.subscriptions, record];
    if (JSON.stringify(subscriptions).length <= ATTACHMENT_CHARACTERS) {
      this.attachment.subscriptions = subscriptions;
      this.write();
      return;
    }
    this.sql.exec(
      "INSERT OR REPLACE INTO subscription VALUES (?, ?, ?)",
      this.attachment.session,
      record.id,
      JSON.stringify(record),
    );
    this.stored.add(record.id);
  }

  forget(id: string): void {
    if (this.stored.delete(id)) {
      this.sql.exec("DELETE FROM subscription WHERE session = ? AND id = ?", this.attachment.session, id);
      return;
    }
    const others = this.attachment.subscriptions.filter((record) => record.id !== id);
    if (others.length === this.attachment.subscriptions.length) return;
    this.attachment.subscriptions = others;
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

function forgetAll(sql: SqlStorage, session: string): void {
  sql.exec("DELETE FROM subscription WHERE session = ?", session);
}
