/** The watch over the relay, with what every platform has: a clock, randomness and fetch. */
import type { Config } from "../relay/config.ts";
import { Access } from "../relay/access/access.ts";
import { channelsOf, type TestOutcomes, testChannels } from "../relay/watch/channels.ts";
import { notificationOf } from "../relay/watch/notification.ts";
import { watch } from "../relay/watch/watch.ts";
import { unixSeconds } from "./clock.ts";
import { createWorkerIngest } from "./ingest.ts";
import { report } from "./report.ts";
import type { Telemetry } from "./workers.ts";
import type { Database } from "../store/database/database.ts";
import { createEventTraces } from "../store/watch/event-traces.ts";
import { saveProbe } from "../store/watch/probe.ts";
import { createModerationStore } from "../store/moderation/sql-moderation.ts";
import { createStore } from "../store/sql/sql-store.ts";
import { readWatched } from "../store/watch/watched.ts";
import type { ProbeSocket } from "../relay/watch/probe-line.ts";
import type { Publication, PublishAnswer } from "../relay/live/switchboard.ts";
import type { StoreSize } from "../store/database/store-size.ts";
import { noMetrics } from "../telemetry/metrics.ts";
import type { Spending } from "../telemetry/spending.ts";
import { probeItself } from "./probe-itself.ts";

interface AlertDeps {
  config: Config;
  db: Database;
  size: StoreSize;
  telemetry: Telemetry;
  /** Sends publications to the switchboard. */
  send(publications: Publication[]): Promise<PublishAnswer>;
}

export interface WatchDeps extends AlertDeps {
  /** Opens a connection to this relay, as if it were at the address. */
  connect(address: string): Promise<ProbeSocket>;
  /** The address of a relay without RELAY_URL. Absent: any. */
  own?: string;
  /** Reads what is spent of SPEND_LIMIT. Absent where there is no bill. */
  readSpending?(): Promise<Spending | undefined>;
  /** Keeps the state of the alerts, as text. */
  state: { read(): Promise<string | undefined>; save(text: string): Promise<void> };
}

/** Runs once a minute. `scheduledTime` is in Unix milliseconds. Never rejects. */
export function watchRelay(deps: WatchDeps, scheduledTime: number): Promise<void> {
  const { config, db, size, telemetry } = deps;
  const { PROBE_INTERVAL: interval, PULL_INTERVAL, UPSTREAMS: urls } = config;
  return watch(
    {
      interval,
      probe: () => probeItself(config, deps),
      saveProbe: (result) => saveProbe(db, result, unixSeconds()),
      size,
      readSpending: async () => (config.SPEND_LIMIT > 0 ? deps.readSpending?.() : undefined),
      readWatched: () => readWatched(db, { urls, interval: PULL_INTERVAL, now: unixSeconds() }),
      state: {
        async read() {
          const text = await deps.state.read();
          return text === undefined ? undefined : JSON.parse(text);
        },
        save: (state) => deps.state.save(JSON.stringify(state)),
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
export function testAlert(deps: AlertDeps): Promise<TestOutcomes> {
  const test = {
    id: "test",
    kind: "begun",
    message: "this is a test: nothing is wrong",
    todo: "nothing. Real alerts will arrive in the same way",
    since: unixSeconds(),
  } as const;
  return testChannels(alertChannels(deps), notificationOf(nameOf(deps.config), [test]));
}

function alertChannels({ config, db, size, telemetry, send }: AlertDeps) {
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
      send,
    }),
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    timeout: (milliseconds) => AbortSignal.timeout(milliseconds),
    now: unixSeconds,
  });
}

function nameOf({ RELAY_NAME, RELAY_URL }: Config): string {
  return RELAY_URL === "" ? RELAY_NAME : `${RELAY_NAME} (${RELAY_URL})`;
}
