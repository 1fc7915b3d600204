/** Jobs that run beside each other, a few at a time. They are in memory: when the process ends, their leases are returned. */
import type { QueueProducer } from "../aggregator/queue/send-all.ts";

export class Jobs<T> implements QueueProducer<T> {
  private readonly most: number;
  private readonly run: (job: T) => Promise<void>;
  private readonly waiting: T[] = [];
  private readonly running = new Set<Promise<void>>();

  /** Runs `most` jobs at a time. `run` never rejects. */
  constructor(most: number, run: (job: T) => Promise<void>) {
    this.most = most;
    this.run = run;
  }

  async sendBatch(messages: { body: T }[]): Promise<void> {
    this.waiting.push(...messages.map(({ body }) => body));
    this.next();
  }

  /** Begins no other job. Those that run end with the process, and their leases are returned at the next start. */
  stop(): void {
    this.waiting.length = 0;
  }

  private next(): void {
    while (this.running.size < this.most && this.waiting.length > 0) {
      const job = this.run(this.waiting.shift() as T).finally(() => {
        this.running.delete(job);
        this.next();
      });
      this.running.add(job);
    }
  }
}
