/**
 * The queue of events for `npm start`, as a Worker. It is on disk. Miniflare's own queue is in memory: messages that wait
 * there when the process ends would be lost for good, because cursors have already moved past them. It is plain JavaScript,
 * because it runs without a build; its types are checked all the same.
 */
// @ts-check
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";

/**
 * @typedef {{ AGGREGATOR: Consumer, QUEUE: DurableObjectNamespace<LocalQueueObject> }} LocalQueueEnv
 * @typedef {{ id: string, timestamp: Date, body: unknown, attempts: number }} Message
 * @typedef {{ msgId: string, delaySeconds?: number }} Retry
 * @typedef {{ outcome: string, explicitAcks: string[], retryMessages: Retry[] }} Result
 * @typedef {{ queue(name: string, messages: Message[]): Promise<Result> }} Consumer
 * @typedef {{ id: number, body: string, attempts: number }} Row
 */

const NAME = "tributary-events";
const BATCH = 20;
/** Seconds until a failed batch is delivered again, if it does not say when. */
const AGAIN_SECONDS = 5;
const LEAST_MILLISECONDS = 1000;

/**
 * Replaces the aggregator's binding to the queue.
 * @extends {WorkerEntrypoint<LocalQueueEnv>}
 */
export class Producer extends WorkerEntrypoint {
  /** @param {Iterable<{ body: unknown }>} messages */
  sendBatch(messages) {
    return queueOf(this.env).put([...messages].map(({ body }) => JSON.stringify(body)));
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
    this.sql.exec(
      "CREATE TABLE IF NOT EXISTS message (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 1, due INTEGER NOT NULL DEFAULT 0)",
    );
  }

  /** @param {string[]} bodies As JSON. */
  put(bodies) {
    for (const body of bodies) this.sql.exec("INSERT INTO message (body) VALUES (?)", body);
    this.wake();
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

  /** Delivers one batch after the other. Retries for ever: everything that fails here fails for a temporary reason. */
  async deliverDue() {
    for (let batch = this.due(); batch.length > 0; batch = this.due()) await this.deliver(batch);
  }

  /** @returns {Row[]} */
  due() {
    const query = "SELECT id, body, attempts FROM message WHERE due <= ? ORDER BY id LIMIT ?";
    return /** @type {SqlStorageCursor<Row>} */ (this.sql.exec(query, Date.now(), BATCH)).toArray();
  }

  waitForNext() {
    clearTimeout(this.timer);
    const { next } = this.sql.exec("SELECT min(due) AS next FROM message").one();
    if (typeof next !== "number") return;
    // Never at once: perhaps the consumer could not be called at all.
    this.timer = setTimeout(() => this.wake(), Math.max(LEAST_MILLISECONDS, next - Date.now()));
  }

  /** @param {Row[]} batch */
  async deliver(batch) {
    const timestamp = new Date();
    const { outcome, explicitAcks, retryMessages } = await this.env.AGGREGATOR.queue(
      NAME,
      batch.map(({ id, body, attempts }) => ({
        id: String(id),
        timestamp,
        body: JSON.parse(body),
        attempts,
      })),
    );
    const acknowledged = new Set(explicitAcks);
    const delays = new Map(retryMessages.map(({ msgId, delaySeconds }) => [msgId, delaySeconds]));
    for (const { id } of batch) {
      if (outcome === "ok" && acknowledged.has(String(id))) {
        this.sql.exec("DELETE FROM message WHERE id = ?", id);
        continue;
      }
      const due = Date.now() + 1000 * (delays.get(String(id)) ?? AGAIN_SECONDS);
      this.sql.exec("UPDATE message SET attempts = attempts + 1, due = ? WHERE id = ?", due, id);
    }
  }
}
