/**
 * Sums the counts of all hubs and invocations. There is one such object. It also keeps the state of the alerts, apart from the
 * database, whose failure is one of them: a class of its own would forbid a rollback to a release without it.
 */
import { DurableObject } from "cloudflare:workers";
import { unixSeconds } from "../platforms/clock.ts";
import { configOf } from "../platforms/config.ts";
import type { AnyReport } from "../telemetry/report.ts";
import type { Sample, Samples } from "../telemetry/history.ts";
import type { ReportAnswer, Spending } from "../telemetry/spending.ts";
import type { PublicFigures, RangeName, StatsAnswer } from "../telemetry/stats-answer.ts";
import { type Figures, type StoredSums, Sums } from "../telemetry/sums.ts";

/** All sums are one row, because written rows are billed. */
const SUMS = "sums";
/** The state of the alerts (relay/watch/alerts.ts), as JSON with a version. */
const ALERTS = "alerts";

/**
 * The least time between two writes, besides those for a reader. Cloudflare evicts an object after 10 s without work, and a
 * timer would keep it awake, so an alarm writes a second before.
 * https://developers.cloudflare.com/durable-objects/concepts/durable-object-lifecycle/
 */
const WRITE_MILLISECONDS = 9000;

/** If it is reset, for example by a deployment, it loses what was added since the last write, but never what it has shown. */
export class CountersObject extends DurableObject<RelayEnv> {
  private readonly sums: Sums;
  /** Whether sums wait to be written. */
  private isWaiting = false;

  constructor(ctx: DurableObjectState, env: RelayEnv) {
    super(ctx, env);
    const { SPEND_LIMIT } = configOf(env);
    this.sums = new Sums(samplesIn(ctx.storage.sql), ctx.storage.kv.get<StoredSums>(SUMS), SPEND_LIMIT);
  }

  /**
   * Adds a report or, if it is invalid, nothing of it. It may come from an earlier deployment. Answers what the reporter must do to
   * stay below SPEND_LIMIT.
   */
  async add(sent: AnyReport): Promise<ReportAnswer | undefined> {
    const now = unixSeconds();
    this.sums.add(sent, now);
    if (!this.isWaiting) {
      this.isWaiting = true;
      await this.ctx.storage.setAlarm(Date.now() + WRITE_MILLISECONDS);
    }
    const spending = this.sums.spending(now);
    return spending && { spending: spending.level };
  }

  /** Returns what is spent. Undefined: there is no limit. */
  spending(): Spending | undefined {
    return this.sums.spending(unixSeconds());
  }

  /** Writes first: a counter that goes back looks to Prometheus like one that began again at 0. */
  figures(): Figures {
    this.write();
    return this.sums.figures(unixSeconds());
  }

  readAlerts(): string | undefined {
    return this.ctx.storage.kv.get<string>(ALERTS);
  }

  saveAlerts(state: string): void {
    this.ctx.storage.kv.put(ALERTS, state);
  }

  stats(range: RangeName): StatsAnswer {
    this.write();
    return this.sums.stats(range, unixSeconds());
  }

  publicFigures(): Omit<PublicFigures, "stored"> {
    return this.sums.publicFigures(unixSeconds());
  }

  override alarm(): void {
    this.write();
    this.isWaiting = false;
  }

  private write(): void {
    if (this.isWaiting) this.ctx.storage.kv.put<StoredSums>(SUMS, this.sums.stored());
  }
}

/** Samples are rows. A table WITHOUT ROWID has no other index, so a sample is one written row. */
function samplesIn(sql: SqlStorage): Samples {
  sql.exec(
    "CREATE TABLE IF NOT EXISTS sample (range TEXT, slot INTEGER, at INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY (range, slot)) WITHOUT ROWID",
  );
  return {
    put: (range, slot, sample) =>
      void sql.exec(
        "INSERT INTO sample (range, slot, at, data) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE SET at = excluded.at, data = excluded.data",
        range,
        slot,
        sample.at,
        JSON.stringify(sample),
      ),
    since: (range, time) =>
      sql
        .exec<{ data: string }>("SELECT data FROM sample WHERE range = ? AND at >= ?", range, time)
        .toArray()
        .map(({ data }) => JSON.parse(data) as Sample)
        .filter(({ version }) => version === 1),
  };
}
