/** The watch over the relay, with what the platform gives: the Cron, the object that keeps the state of alerts, and fetch. */
import type { Config } from "../relay/config.ts";
import { Access } from "../relay/access/access.ts";
import { channelsOf, type TestOutcomes, testChannels } from "../relay/watch/channels.ts";
import { notificationOf } from "../relay/watch/notification.ts";
import { watch } from "../relay/watch/watch.ts";
import { unixSeconds } from "../platforms/clock.ts";
import { createWorkerIngest } from "../platforms/ingest.ts";
import { report } from "../platforms/report.ts";
import type { Telemetry } from "../platforms/workers.ts";
import type { Database } from "../store/database.ts";
import { createEventTraces } from "../store/event-traces.ts";
import { saveProbe } from "../store/probe.ts";
import { createModerationStore } from "../store/sql-moderation.ts";
import { createStore } from "../store/sql-store.ts";
import { readWatched } from "../store/watched.ts";
import { noMetrics } from "../telemetry/metrics.ts";
import { size } from "./database.ts";
import { theCounters, theSwitchboard } from "./objects.ts";
import { probeItself } from "./probe.ts";

interface WatchDeps {
  config: Config;
  db: Database;
  telemetry: Telemetry;
  /** Answers a client's request for a WebSocket. */
  connect(request: Request): Promise<Response>;
}

/** Runs once a minute. `scheduledTime` is in Unix milliseconds. Never rejects. */
export function watchRelay(deps: WatchDeps, scheduledTime: number): Promise<void> {
  const { config, db, connect, telemetry } = deps;
  const { PROBE_INTERVAL: interval, PULL_INTERVAL, UPSTREAMS: urls } = config;
  return watch(
    {
      interval,
      probe: () => probeItself(config, connect),
      saveProbe: (result) => saveProbe(db, result, unixSeconds()),
      size,
      readWatched: () => readWatched(db, { urls, interval: PULL_INTERVAL, now: unixSeconds() }),
      state: {
        async read() {
          const text = await theCounters().readAlerts();
          return text === undefined ? undefined : JSON.parse(text);
        },
        save: async (state) => theCounters().saveAlerts(JSON.stringify(state)),
      },
      channels: alertChannels(deps),
      relay: nameOf(config),
      now: unixSeconds,
      metrics: telemetry.metrics,
      report,
    },
    Math.floor(scheduledTime / 60_000),
  );
}

/** Sends an alert that nothing is wrong. */
export function testAlert(deps: Omit<WatchDeps, "connect">): Promise<TestOutcomes> {
  const test = {
    id: "test",
    kind: "begun",
    message: "this is a test: nothing is wrong",
    todo: "nothing. Real alerts will arrive in the same way",
    since: unixSeconds(),
  } as const;
  return testChannels(alertChannels(deps), notificationOf(nameOf(deps.config), [test]));
}

function alertChannels({ config, db, telemetry }: Omit<WatchDeps, "connect">) {
  return channelsOf({
    config,
    fetch: (url, init) => fetch(url, init),
    ingest: createWorkerIngest({
      source: "cron",
      // The relay does no work for its own messages.
      config: { ...config, MIN_POW_DIFFICULTY: 0 },
      access: new Access({ moderation: createModerationStore(db), config, now: unixSeconds, report }),
      store: createStore(db, size),
      traces: createEventTraces(db),
      // They are not clients' events.
      telemetry: { ...telemetry, metrics: noMetrics },
      send: (publications) => theSwitchboard().publish(publications),
    }),
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    timeout: (milliseconds) => AbortSignal.timeout(milliseconds),
    now: unixSeconds,
  });
}

function nameOf({ RELAY_NAME, RELAY_URL }: Config): string {
  return RELAY_URL === "" ? RELAY_NAME : `${RELAY_NAME} (${RELAY_URL})`;
}
