/** A queue on disk, with what Cloudflare's queues promise: each message is delivered at least once, in batches, with retries. */
import type { DatabaseSync } from "node:sqlite";
import type { Delivered } from "../aggregator/queue/consume.ts";
import type { MeasuredQueue } from "../aggregator/queue/backlog.ts";
import type { QueueProducer } from "../aggregator/queue/send-all.ts";

interface QueueDeps {
  db: DatabaseSync;
  /** Messages of one batch, and the number of attempts after which a message goes to the last consumer. */
  batchSize: number;
  mostAttempts: number;
  /** Consumes a batch. `isLast`: its messages have failed so often that nothing comes after it. */
  consume(messages: Delivered[], isLast: boolean): Promise<void>;
  /** Milliseconds since 1970. */
  now(): number;
  report(error: unknown): void;
}

interface Row {
  id: number;
  body: string;
  attempts: number;
  last: number;
}

/** Until a failed batch is delivered again, if it does not say when. */
const AGAIN_SECONDS = 5;
const LONGEST_SLEEP = 60_000;
const TABLE = `CREATE TABLE IF NOT EXISTS message (
  id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL, put_at INTEGER NOT NULL, due INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 1, last INTEGER NOT NULL DEFAULT 0
)`;
const INDEX = "CREATE INDEX IF NOT EXISTS message_due ON message (last, due, id)";

export class DiskQueue<T> implements QueueProducer<T>, MeasuredQueue {
  private readonly deps: QueueDeps;
  private readonly db: DatabaseSync;
  private delivering: Promise<void> | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private isStopped = false;

  constructor(deps: QueueDeps) {
    this.deps = deps;
    this.db = deps.db;
    this.db.exec(TABLE);
    this.db.exec(INDEX);
  }

  /** Resolves when the messages are on disk. */
  async sendBatch(messages: { body: T }[], options: { delaySeconds?: number } = {}): Promise<void> {
    const now = this.deps.now();
    const due = now + 1000 * (options.delaySeconds ?? 0);
    const insert = this.db.prepare(
      "INSERT INTO message (body, put_at, due) SELECT value, ?1, ?2 FROM json_each(?3)",
    );
    insert.run(now, due, JSON.stringify(messages.map(({ body }) => JSON.stringify(body))));
    this.wake();
  }

  async metrics(): Promise<{ backlogCount: number; oldestMessageTimestamp?: Date }> {
    const query = this.db.prepare("SELECT count(*) AS messages, min(put_at) AS oldest FROM message");
    const { messages, oldest } = query.get() as { messages: number; oldest: number | null };
    return { backlogCount: messages, ...(oldest !== null && { oldestMessageTimestamp: new Date(oldest) }) };
  }

  /** Delivers what is due. Also call it at the start: messages are left from the last run. */
  wake(): void {
    if (this.isStopped) return;
    this.delivering ??= this.deliverDue().then(
      (pause) => this.rest(pause),
      (error: unknown) => {
        // The disk may be full. What was consumed is delivered again, and found to be stored.
        this.deps.report(error);
        this.rest(1000 * AGAIN_SECONDS);
      },
    );
  }

  /** Resolves when the batch that is being delivered has ended. The rest waits on disk for the next start. */
  async stop(): Promise<void> {
    this.isStopped = true;
    clearTimeout(this.timer);
    await this.delivering;
  }

  /** Returns when there is more, from now on in milliseconds. Undefined: there is nothing. */
  private async deliverDue(): Promise<number | undefined> {
    for (const last of [0, 1]) {
      let batch = this.due(last);
      for (; batch.length > 0 && !this.isStopped; batch = this.due(last))
        await this.deliver(batch, last === 1);
    }
    return this.untilDue();
  }

  private due(last: number): Row[] {
    const query =
      "SELECT id, body, attempts, last FROM message WHERE last = ? AND due <= ? ORDER BY due, id LIMIT ?";
    return this.db.prepare(query).all(last, this.deps.now(), this.deps.batchSize) as unknown as Row[];
  }

  /** A message that the consumer does not acknowledge comes again: after the time that it says, or if it throws soon. */
  private async deliver(rows: Row[], isLast: boolean): Promise<void> {
    const acknowledged = new Set<number>();
    const delays = new Map<number, number>();
    const messages = rows.map(({ id, body, attempts }): Delivered => ({
      body: readBody(body),
      attempts,
      ack: () => void acknowledged.add(id),
      retry: ({ delaySeconds }) => void delays.set(id, delaySeconds),
    }));
    try {
      await this.deps.consume(messages, isLast);
    } catch (error) {
      this.deps.report(error);
    }
    this.inTransaction(() => {
      for (const row of rows) {
        if (acknowledged.has(row.id)) this.db.prepare("DELETE FROM message WHERE id = ?").run(row.id);
        else this.retry(row, delays.get(row.id) ?? AGAIN_SECONDS);
      }
    });
  }

  private inTransaction(work: () => void): void {
    this.db.exec("BEGIN");
    try {
      work();
      this.db.exec("COMMIT");
    } catch (error) {
      // SQLite has already done so if it is full.
      if (this.db.isTransaction) this.db.exec("ROLLBACK");
      throw error;
    }
  }

  private retry({ id, attempts, last }: Row, delaySeconds: number): void {
    const { mostAttempts, now } = this.deps;
    if (last === 0 && attempts >= mostAttempts)
      this.db.prepare("UPDATE message SET last = 1, attempts = 1, due = ? WHERE id = ?").run(now(), id);
    else
      this.db
        .prepare("UPDATE message SET attempts = attempts + 1, due = ? WHERE id = ?")
        .run(now() + 1000 * delaySeconds, id);
  }

  /** Delivers again after some milliseconds. Undefined: when there is a message. */
  private rest(milliseconds: number | undefined): void {
    this.delivering = undefined;
    clearTimeout(this.timer);
    if (milliseconds !== undefined && !this.isStopped)
      this.timer = setTimeout(() => this.wake(), milliseconds);
  }

  private untilDue(): number | undefined {
    const { next } = this.db.prepare("SELECT min(due) AS next FROM message").get() as { next: number | null };
    return next === null ? undefined : Math.min(LONGEST_SLEEP, Math.max(0, next - this.deps.now()));
  }
}

/** Returns the text itself if it is no JSON, as a broken disk may leave it: the consumer keeps what it cannot read as a dead letter. */
function readBody(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
