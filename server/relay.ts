/** The relay in one process: hubs, the HTTP API and the minute job over one database. */
import packageJson from "../package.json" with { type: "json" };
import { createHandler } from "../http/handler.ts";
import { answerStream } from "../http/stream.ts";
import { unixSeconds, wait } from "../platforms/clock.ts";
import { nativeEventId } from "../platforms/event-id.ts";
import { createWorkerIngest } from "../platforms/ingest.ts";
import { report } from "../platforms/report.ts";
import { retryingD1 } from "../platforms/retrying-d1.ts";
import { nativeVerify } from "../platforms/signature.ts";
import type { Telemetry } from "../platforms/workers.ts";
import type { Config } from "../relay/config.ts";
import { RateLimiter } from "../relay/limits/rate-limiter.ts";
import type { Database } from "../store/database.ts";
import { Dense } from "../store/dense.ts";
import { createEventTraces } from "../store/event-traces.ts";
import { readGauges } from "../store/gauges.ts";
import { readReadiness } from "../store/probe.ts";
import { shareBatches } from "../store/shared-batches.ts";
import { createModerationStore } from "../store/sql-moderation.ts";
import { createStore } from "../store/sql-store.ts";
import { measure, type StoreSize } from "../store/store-size.ts";
import type { ProbeSocket } from "../relay/watch/probe-line.ts";
import type { Publication } from "../relay/live/switchboard.ts";
import { minuteJob } from "../platforms/minute-job.ts";
import { testAlert } from "../platforms/watch-relay.ts";
import type { Sums } from "../telemetry/sums.ts";
import { Hubs } from "./hubs.ts";
import { notAdmitted } from "./not-admitted.ts";

interface ServerRelayDeps {
  config: Config;
  database: Database;
  size: StoreSize;
  telemetry: Telemetry;
  /** Returns the sums of all metrics until now. */
  sums(): Promise<Sums>;
  /** Keeps the state of the alerts, as text. */
  alerts: { read(): Promise<string | undefined>; save(text: string): Promise<void> };
  /** Opens a connection to this server. `own` is its address then. */
  connect(): Promise<ProbeSocket>;
  own: string;
  addressOf(request: Request): string | undefined;
  /** Keeps work alive until the server stops. The work must not reject. */
  background(work: Promise<void>): void;
}

export interface ServerRelay {
  hubs: Hubs;
  limiter: RateLimiter;
  /** Answers a request over HTTP. */
  answer(request: Request): Promise<Response>;
  /** Does what a minute brings: expired and old events, idle connections, the test of itself, alerts. `time` is in milliseconds. */
  minute(time: number): Promise<void>;
}

export function createServerRelay(deps: ServerRelayDeps): ServerRelay {
  const { config, database, size, telemetry } = deps;
  const { metrics, tracer } = telemetry;
  const dense = new Dense();
  const common = { config, now: unixSeconds, pause: wait, report, metrics, tracer };
  const hubs = createHubs(deps, dense);
  const limiter = new RateLimiter({ ...common, source: "http" });
  const db = shareBatches(retryingD1(database, telemetry, "http"), telemetry);
  const store = createStore(db, size, dense);
  const send = async (publications: Publication[]) => hubs.publish(publications);
  const answer = createHandler({
    config,
    version: packageJson.version,
    open: () => ({
      store,
      moderation: createModerationStore(db),
      measure: () => measure(db),
      readGauges: () => readGauges(db, unixSeconds()),
      readReadiness: () => readReadiness(db),
    }),
    size,
    management: {
      verify: nativeVerify,
      announce: () => hubs.announce(),
      testAlert: () => testAlert({ config, db, size, telemetry, send }),
      pause: wait,
    },
    createIngest: (access) =>
      createWorkerIngest({
        source: "http",
        config,
        access,
        store,
        traces: createEventTraces(db),
        telemetry,
        send,
      }),
    openStream: async (_request, asked) => {
      const admission = await hubs.admit(asked.ip);
      return admission.kind === "hub" ? answerStream(admission.hub, asked, report) : notAdmitted(admission);
    },
    metrics,
    limiter,
    addressOf: deps.addressOf,
    clock: { now: unixSeconds, wait },
    figures: async () => (await deps.sums()).figures(unixSeconds()),
    stats: async (range) => (await deps.sums()).stats(range, unixSeconds()),
    countedInPublic: async () => (await deps.sums()).publicFigures(unixSeconds()),
    report,
  });
  return {
    hubs,
    limiter,
    answer,
    minute(time) {
      hubs.closeIdle();
      const { connect, own, alerts: state } = deps;
      const watched = { config, db: database, size, telemetry, send, connect, own, state };
      return tracer.span("scheduled", { attributes: { "faas.trigger": "timer" } }, () =>
        minuteJob(watched, time),
      );
    },
  };
}

function createHubs({ config, database, size, telemetry, background }: ServerRelayDeps, dense: Dense): Hubs {
  const { metrics, tracer } = telemetry;
  const live = shareBatches(retryingD1(database, telemetry, "websocket"), {
    breathe: () => wait(0),
    capture: () => telemetry.capture(),
  });
  return new Hubs({
    config,
    now: unixSeconds,
    pause: wait,
    report,
    metrics,
    tracer,
    store: createStore(live, size, dense),
    moderation: createModerationStore(live),
    traces: createEventTraces(live),
    verify: nativeVerify,
    idOf: nativeEventId,
    background,
    seed: Math.floor(Math.random() * 2 ** 32),
    challenge: () => crypto.randomUUID(),
  });
}
