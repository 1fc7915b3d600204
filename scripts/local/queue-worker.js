/**
 * The queue of events for `npm start`, as a Worker. It is on disk. Miniflare's own queue is in memory: messages that wait
 * there when the process ends would be lost for good, because cursors have already moved past them. It is plain JavaScript,
 * because it runs without a build; its types are checked all the same.
 */
// @ts-check
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";

/**
 * @typedef {{ maxBatchSize: number, maxRetries: number, deadLetterQueue?: string }} Limits
 * @typedef {{ AGGREGATOR: Consumer, QUEUE: DurableObjectNamespace<LocalQueueObject>, LIMITS: Record<string, Limits> }} LocalQueueEnv
 * @typedef {{ id: string, timestamp: Date, body: unknown, attempts: number }} Message
 * @typedef {{ msgId: string, delaySeconds?: number }} Retry
 * @typedef {{ outcome: string, explicitAcks: string[], retryMessages: Retry[] }} Result
 * @typedef {{ queue(name: string, messages: Message[]): Promise<Result> }} Consumer
 * @typedef {{ id: number, body: string, attempts: number }} Row
 * @typedef {{ backlogCount: number, backlogBytes: number, oldestMessageTimestamp?: Date }} Backlog
 */

const NAME = "tributary-events";
/** Seconds until a failed batch is delivered again, if it does not say when. */
const AGAIN_SECONDS = 5;
const LEAST_MILLISECONDS = 1000;
const TABLE = `CREATE TABLE IF NOT EXISTS message (
  id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 1, due INTEGER NOT NULL DEFAULT 0
)`;
/** What version 0.2 had not. */
const COLUMNS = {
  queue: `ALTER TABLE message ADD COLUMN queue TEXT NOT NULL DEFAULT '${NAME}'`,
  put_at: "ALTER TABLE message ADD COLUMN put_at INTEGER",
};

/**
 * Replaces the aggregator's binding to the queue.
 * @extends {WorkerEntrypoint<LocalQueueEnv>}
 */
export class Producer extends WorkerEntrypoint {
  /** @param {Iterable<{ body: unknown }>} messages */
  sendBatch(messages) {
    return queueOf(this.env).put([...messages].map(({ body }) => JSON.stringify(body)));
  }

  /** As Cloudflare's. */
  metrics() {
    return queueOf(this.env).backlog();
  }
}

/**
 * Delivers messages that are left from the last run.
 * @type {ExportedHandler<LocalQueueEnv>}
 */
export default {
  scheduled: (_controller, env) => queueOf(env).wake(),
};

/** @param {LocalQueueEnv} env */
function queueOf(env) {
  return env.QUEUE.getByName(NAME);
}

/** @extends {DurableObject<LocalQueueEnv>} */
export class LocalQueueObject extends DurableObject {
  /** @type {Promise<void> | undefined} */
  delivering;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  timer;

  /**
   * @param {DurableObjectState} ctx
   * @param {LocalQueueEnv} env
   */
  constructor(ctx, env) {
    super(ctx, env);
    this.sql = ctx.storage.sql;
    this.sql.exec(TABLE);
    const existing = this.sql.exec("SELECT name FROM pragma_table_info('message')").toArray();
    for (const [column, sql] of Object.entries(COLUMNS)) {
      if (existing.every(({ name }) => name !== column)) this.sql.exec(sql);
    }
  }

  /** @param {string[]} bodies As JSON. */
  put(bodies) {
    for (const body of bodies)
      this.sql.exec("INSERT INTO message (body, put_at) VALUES (?, ?)", body, Date.now());
    this.wake();
  }

  /** @returns {Backlog} Of all queues. */
  backlog() {
    const query =
      "SELECT count(*) AS messages, coalesce(sum(octet_length(body)), 0) AS bytes, min(put_at) AS oldest FROM message";
    const { messages, bytes, oldest } = this.sql.exec(query).one();
    return {
      backlogCount: Number(messages),
      backlogBytes: Number(bytes),
      ...(typeof oldest === "number" && { oldestMessageTimestamp: new Date(oldest) }),
    };
  }

  /**
   * Starts delivery. Does not use an alarm, because alarms of the local runtime report an error if the process ends
   * before them.
   */
  wake() {
    this.delivering ??= this.deliverDue().finally(() => {
      this.delivering = undefined;
      this.waitForNext();
    });
    this.ctx.waitUntil(this.delivering);
  }

  /** Delivers one batch after the other. */
  async deliverDue() {
    for (const [queue, limits] of Object.entries(this.env.LIMITS)) {
      let batch = this.due(queue, limits);
      for (; batch.length > 0; batch = this.due(queue, limits)) await this.deliver(queue, batch);
    }
  }

  /**
   * @param {string} queue
   * @param {Limits} limits
   * @returns {Row[]}
   */
  due(queue, { maxBatchSize }) {
    const query = "SELECT id, body, attempts FROM message WHERE queue = ? AND due <= ? ORDER BY id LIMIT ?";
    return /** @type {SqlStorageCursor<Row>} */ (
      this.sql.exec(query, queue, Date.now(), maxBatchSize)
    ).toArray();
  }

  waitForNext() {
    clearTimeout(this.timer);
    const { next } = this.sql.exec("SELECT min(due) AS next FROM message").one();
    if (typeof next !== "number") return;
    // Never at once: perhaps the consumer could not be called at all.
    this.timer = setTimeout(() => this.wake(), Math.max(LEAST_MILLISECONDS, next - Date.now()));
  }

  /**
   * @param {string} queue
   * @param {Row[]} batch
   */
  async deliver(queue, batch) {
    /** @type {Result} */
    let result;
    try {
      result = await this.call(queue, batch);
    } catch (error) {
      console.error(`${batch.length} messages of ${queue} could not be delivered: ${String(error)}`);
      // One of them may be the reason, so each is tried alone. One that fails alone waits, and others get their turn.
      const [only, ...others] = batch;
      if (only && others.length === 0) this.postpone(only);
      else for (const row of batch) await this.deliver(queue, [row]);
      return;
    }
    const { outcome, explicitAcks, retryMessages } = result;
    const acknowledged = new Set(explicitAcks);
    const delays = new Map(retryMessages.map(({ msgId, delaySeconds }) => [msgId, delaySeconds]));
    for (const row of batch) {
      if (outcome === "ok" && acknowledged.has(String(row.id))) {
        this.sql.exec("DELETE FROM message WHERE id = ?", row.id);
      } else this.retry(queue, row, delays.get(String(row.id)) ?? AGAIN_SECONDS);
    }
  }

  /**
   * Does not count as an attempt: the consumer has not seen it.
   * @param {Row} row
   */
  postpone({ id }) {
    this.sql.exec("UPDATE message SET due = ? WHERE id = ?", Date.now() + 1000 * AGAIN_SECONDS, id);
  }

  /**
   * @param {string} queue
   * @param {Row[]} batch
   * @returns {Promise<Result>}
   */
  async call(queue, batch) {
    const timestamp = new Date();
    return this.env.AGGREGATOR.queue(
      queue,
      batch.map(({ id, body, attempts }) => ({
        id: String(id),
        timestamp,
        body: JSON.parse(body),
        attempts,
      })),
    );
  }

  /**
   * Moves a message on that has failed too often. Unlike Cloudflare, it never drops one.
   * @param {string} queue
   * @param {Row} row
   * @param {number} delaySeconds
   */
  retry(queue, { id, attempts }, delaySeconds) {
    const { maxRetries, deadLetterQueue } = this.env.LIMITS[queue] ?? { maxRetries: 0 };
    if (attempts > maxRetries && deadLetterQueue !== undefined) {
      this.sql.exec("UPDATE message SET queue = ?, attempts = 1, due = 0 WHERE id = ?", deadLetterQueue, id);
      return;
    }
    const due = Date.now() + 1000 * delaySeconds;
    this.sql.exec("UPDATE message SET attempts = attempts + 1, due = ? WHERE id = ?", due, id);
  }
}
