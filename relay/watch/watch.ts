/** The watch over the relay, as a part of its minute job: it tests itself now and then. */
import { Notice } from "../../telemetry/log.ts";
import type { ProbeResult } from "./probe.ts";

export interface WatchDeps {
  /** Seconds between two tests. 0: none. */
  interval: number;
  probe(): Promise<ProbeResult>;
  /** Keeps the result for `/health/ready` and `/metrics`. */
  saveProbe(result: ProbeResult): Promise<void>;
  /** Writes to the operator's log. */
  report(error: unknown): void;
}

/** Runs once a minute. `minute` counts them since 1970, so nothing has to be remembered. Never rejects. */
export async function watch(deps: WatchDeps, minute: number): Promise<void> {
  if (isDue(deps.interval, minute)) await test(deps);
}

function isDue(interval: number, minute: number): boolean {
  return interval > 0 && minute % Math.max(1, Math.round(interval / 60)) === 0;
}

async function test({ probe, saveProbe, report }: WatchDeps): Promise<void> {
  const result = await probe();
  if (result.outcome === "failed") report(failed(result));
  await saveProbe(result).catch(report);
}

function failed({ problem = "", milliseconds }: ProbeResult): Notice {
  return new Notice(`the relay's test of itself failed: ${problem}`, {
    level: "error",
    todo: "look for errors in the log, and whether Cloudflare reports an outage (https://www.cloudflarestatus.com)",
    fields: { milliseconds },
  });
}
