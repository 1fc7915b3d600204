/** The HTTP handler of the relay, with what every platform has: a clock, randomness, WebAssembly and a database. */
import packageJson from "../package.json" with { type: "json" };
import { createHandler, type HandlerDeps } from "../http/app/handler.ts";
import type { Publication, PublishAnswer } from "../relay/live/switchboard.ts";
import type { Database } from "../store/database/database.ts";
import type { Dense } from "../store/walks/dense.ts";
import { createEventTraces } from "../store/watch/event-traces.ts";
import { readGauges } from "../store/watch/gauges.ts";
import { readReadiness } from "../store/watch/probe.ts";
import { createModerationStore } from "../store/moderation/sql-moderation.ts";
import { createStore } from "../store/sql/sql-store.ts";
import { measure, type StoreSize } from "../store/database/store-size.ts";
import { unixSeconds, wait } from "./clock.ts";
import { createWorkerIngest } from "./ingest.ts";
import { report } from "./report.ts";
import { nativeVerify } from "./signature.ts";
import { testAlert } from "./watch-relay.ts";
import type { Telemetry } from "./workers.ts";

type WiredHere = "version" | "size" | "open" | "management" | "createIngest" | "metrics" | "clock" | "report";

interface RelayHandlerDeps extends Omit<HandlerDeps, WiredHere> {
  /** For events that are published. */
  db: Database;
  /** Returns the database that a request reads. Called for each request. */
  open(): Database;
  size: StoreSize;
  /** What all stores over this database have learned. */
  dense: Dense;
  telemetry: Telemetry;
  /** Sends publications to the switchboard. */
  send(publications: Publication[]): Promise<PublishAnswer>;
  /** Resolves when every hub has loaded earlier decisions of the operators. Returns the hubs that did not. */
  announce(): Promise<string[]>;
}

export function createRelayHandler(deps: RelayHandlerDeps): (request: Request) => Promise<Response> {
  const { db, open, size, dense, telemetry, send, announce, ...rest } = deps;
  const { config } = rest;
  const store = createStore(db, size, dense);
  const traces = createEventTraces(db);
  return createHandler({
    ...rest,
    size,
    version: packageJson.version,
    open() {
      const opened = open();
      return {
        store: createStore(opened, size, dense),
        moderation: createModerationStore(opened),
        measure: () => measure(opened),
        readGauges: () => readGauges(opened, unixSeconds()),
        readReadiness: () => readReadiness(opened),
      };
    },
    management: {
      verify: nativeVerify,
      announce,
      testAlert: () => testAlert({ config, db, size, telemetry, send }),
      pause: wait,
    },
    createIngest: (access) =>
      createWorkerIngest({ source: "http", config, access, store, traces, telemetry, send }),
    metrics: telemetry.metrics,
    clock: { now: unixSeconds, wait },
    report,
  });
}
