/**
 * The queue of events for `npm start`, as a Worker. Miniflare's own lives in memory: cursors move over what is on the queue,
 * so whatever was waiting there when the process ended would be lost for good. This one is on the disk.
 */
import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";

const NAME = "tributary-events";
const BATCH = 20;
/** Until a batch is delivered again that failed without saying when. */
const AGAIN_MILLISECONDS = 5000;
const LEAST_MILLISECONDS = 1000;

/** Takes the place of the aggregator's binding to the queue. */
export class Producer extends WorkerEntrypoint {
  sendBatch(messages) {
    return queueOf(this.env).put([...messages].map(({ body }) => JSON.stringify(body)));
  }
}

/** What is left of the last run is delivered from the start on. */
export default {
  scheduled: (_controller, env) => queueOf(env).wake(),
};

function queueOf(env) {
  return env.QUEUE.getByName(NAME);
}

export class LocalQueueObject extends DurableObject {
  constructor(ctx, env) {
    super(ctx, env);
    this.sql = ctx.storage.sql;
    this.sql.exec(
      "CREATE TABLE IF NOT EXISTS message (id INTEGER PRIMARY KEY AUTOINCREMENT, body TEXT NOT NULL, attempts INTEGER NOT NULL DEFAULT 1, due INTEGER NOT NULL DEFAULT 0)",
    );
  }

  put(bodies) {
    for (const body of bodies) this.sql.exec("INSERT INTO message (body) VALUES (?)", body);
    this.wake();
  }

  /** Not by an alarm: those of the local runtime complain when a process ended between them. */
  wake() {
    this.delivering ??= this.deliverDue().finally(() => {
      this.delivering = undefined;
      this.waitForNext();
    });
    this.ctx.waitUntil(this.delivering);
  }

  /** One batch, and then the next. Nothing is ever given up: what fails here has a passing reason. */
  async deliverDue() {
    for (let batch = this.due(); batch.length > 0; batch = this.due()) await this.deliver(batch);
  }

  due() {
    const query = "SELECT id, body, attempts FROM message WHERE due <= ? ORDER BY id LIMIT ?";
    return this.sql.exec(query, Date.now(), BATCH).toArray();
  }

  waitForNext() {
    clearTimeout(this.timer);
    const { next } = this.sql.exec("SELECT min(due) AS next FROM message").one();
    if (next === null) return;
    // Not at once: perhaps a batch could not even be handed over.
    this.timer = setTimeout(() => this.wake(), Math.max(LEAST_MILLISECONDS, next - Date.now()));
  }

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
    const delays = new Map(retryMessages.map(({ msgId, delaySeconds }) => [msgId, delaySeconds * 1000]));
    for (const { id } of batch) {
      if (outcome === "ok" && acknowledged.has(String(id))) {
        this.sql.exec("DELETE FROM message WHERE id = ?", id);
        continue;
      }
      const due = Date.now() + (delays.get(String(id)) ?? AGAIN_MILLISECONDS);
      this.sql.exec("UPDATE message SET attempts = attempts + 1, due = ? WHERE id = ?", due, id);
    }
  }
}
