/** The relay in one process: hubs, the HTTP API and the minute job over one database. */
import { refusalResponse } from "../http/refusal.ts";
import { answerStream } from "../http/stream.ts";
import { unixSeconds } from "../platforms/clock.ts";
import { allHubsFull } from "../platforms/connecting.ts";
import { hubWiring } from "../platforms/hub-wiring.ts";
import { createRelayHandler } from "../platforms/relay-handler.ts";
import { report } from "../platforms/report.ts";
import { retryingD1 } from "../platforms/retrying-d1.ts";
import type { Telemetry } from "../platforms/workers.ts";
import type { Config } from "../relay/config.ts";
import { RateLimiter } from "../relay/limits/rate-limiter.ts";
import type { Database } from "../store/database/database.ts";
import { Dense } from "../store/walks/dense.ts";
import { shareBatches } from "../store/database/shared-batches.ts";
import type { StoreSize } from "../store/database/store-size.ts";
import type { ProbeSocket } from "../relay/watch/probe-line.ts";
import type { Publication } from "../relay/live/switchboard.ts";
import { minuteJob } from "../platforms/minute-job.ts";
import type { Sums } from "../telemetry/sums.ts";
import { Hubs } from "./hubs.ts";

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
  const hubs = new Hubs({
    ...hubWiring({ config, database, size, dense, telemetry }),
    background: deps.background,
    seed: Math.floor(Math.random() * 2 ** 32),
    challenge: () => crypto.randomUUID(),
  });
  const limiter = new RateLimiter({ config, now: unixSeconds, metrics, source: "http", report });
  const db = shareBatches(retryingD1(database, telemetry, "http"), telemetry);
  const send = async (publications: Publication[]) => hubs.publish(publications);
  const answer = createRelayHandler({
    config,
    db,
    open: () => db,
    dense,
    size,
    telemetry,
    send,
    announce: () => hubs.announce(),
    async openStream(_request, asked) {
      const admission = await hubs.admit(asked.ip);
      if (admission === "full") return allHubsFull();
      return "refusal" in admission
        ? refusalResponse(admission.refusal)
        : answerStream(admission.hub, asked, report);
    },
    limiter,
    addressOf: deps.addressOf,
    figures: async () => (await deps.sums()).figures(unixSeconds()),
    stats: async (range) => (await deps.sums()).stats(range, unixSeconds()),
    countedInPublic: async () => (await deps.sums()).publicFigures(unixSeconds()),
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
