/** The watch over the relay, as a part of its minute job: it tests itself now and then, and alerts the operators. */
import { Notice } from "../../telemetry/log.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import {
  afterLook,
  afterTelling,
  type AlertState,
  type Channel,
  type News,
  newsFor,
  readAlertState,
  withoutPast,
} from "./alerts.ts";
import type { Watched } from "../../store/watch/watched.ts";
import type { Spending } from "../../telemetry/spending.ts";
import { findingsOf, type Seen } from "./conditions.ts";
import { type Notification, notificationOf } from "./notification.ts";
import type { ProbeResult } from "./probe.ts";

export interface WatchDeps {
  /** Seconds between two tests. 0: none. */
  interval: number;
  probe(): Promise<ProbeResult>;
  /** Keeps the result for `/health/ready` and `/metrics`. */
  saveProbe(result: ProbeResult): Promise<void>;
  size: Seen["size"];
  readWatched(): Promise<Watched>;
  /** Undefined: there is no limit. */
  readSpending(): Promise<Spending | undefined>;
  /** Where the state of the alerts is kept. Not in the database, whose failure is one of them. */
  state: { read(): Promise<unknown>; save(state: AlertState): Promise<void> };
  /** The channels that are set, besides the log. */
  channels: Partial<Record<Exclude<Channel, "log">, (notification: Notification) => Promise<void>>>;
  /** The name or the address of the relay. */
  relay: string;
  /** Unix seconds. */
  now(): number;
  metrics: Pick<Metrics, "add">;
  /** Writes to the operator's log. */
  report(error: unknown): void;
}

/** Reading a row of each upstream each minute would cost more than it says. */
const LOOK_MINUTES = 5;

/** Runs once a minute. `minute` counts them since 1970, so when something is due need not be remembered. Never rejects. */
export async function watch(deps: WatchDeps, minute: number): Promise<void> {
  try {
    const isProbeDue = isDue(deps.interval, minute);
    if (!isProbeDue && minute % LOOK_MINUTES !== 0) return;
    const spending = await deps.readSpending().catch(asError);
    // A relay that serves only its admins refuses the test too.
    const mayTest = spending === undefined || spending instanceof Error || spending.level !== "stopped";
    await look(deps, isProbeDue && mayTest ? await test(deps) : undefined, spending);
  } catch (error) {
    deps.report(error);
  }
}

function isDue(interval: number, minute: number): boolean {
  return interval > 0 && minute % Math.max(1, Math.round(interval / 60)) === 0;
}

async function test({ probe, saveProbe, metrics, report }: WatchDeps): Promise<ProbeResult> {
  const result = await probe();
  if (result.outcome === "failed") metrics.add("probe_failures_total", { source: "cron" });
  await saveProbe(result).catch(report);
  return result;
}

async function look(
  deps: WatchDeps,
  probe: ProbeResult | undefined,
  spending: Seen["spending"],
): Promise<void> {
  const { size, interval } = deps;
  const watched = await deps.readWatched().catch(asError);
  const now = deps.now();
  const before = readAlertState(await deps.state.read());
  const seen: Seen = { probe, isProbed: interval > 0, size, watched, spending, now };
  let state = await tell(deps, afterLook(before, findingsOf(seen), now), now);
  state = withoutPast(state, ["log", ...channelsOf(deps)], now);
  if (JSON.stringify(state) !== JSON.stringify(before)) await deps.state.save(state);
}

/** Returns the state after all channels were told. One that fails is told again with the next look. */
async function tell(deps: WatchDeps, state: AlertState, now: number): Promise<AlertState> {
  const logged = newsFor("log", state, now);
  for (const news of logged) deps.report(noticeOf(news));
  let after = afterTelling(state, "log", logged, now);
  for (const channel of channelsOf(deps)) {
    const news = newsFor(channel, after, now);
    if (news.length === 0) continue;
    try {
      await deps.channels[channel]?.(notificationOf(deps.relay, news));
      after = afterTelling(after, channel, news, now);
    } catch (error) {
      deps.report(new Notice(`an alert could not be sent (${channel}): ${asError(error).message}`));
    }
  }
  return after;
}

function channelsOf({ channels }: WatchDeps): Exclude<Channel, "log">[] {
  return (["webhook", "message"] as const).filter((channel) => channels[channel]);
}

function noticeOf({ id, kind, message, todo }: News): Notice {
  const fields = { alert: id, state: kind };
  return kind === "over"
    ? new Notice(`over: ${message}`, { fields })
    : new Notice(message, { level: "error", todo, fields });
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
