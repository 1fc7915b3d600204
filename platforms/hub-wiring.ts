/** What every hub gets, on every platform. */
import type { Config } from "../relay/config.ts";
import type { HubDeps } from "../relay/session/hub.ts";
import type { Database } from "../store/database/database.ts";
import type { Dense } from "../store/walks/dense.ts";
import { createEventTraces } from "../store/watch/event-traces.ts";
import { shareBatches } from "../store/database/shared-batches.ts";
import { createModerationStore } from "../store/moderation/sql-moderation.ts";
import { createStore } from "../store/sql/sql-store.ts";
import type { StoreSize } from "../store/database/store-size.ts";
import { unixSeconds, wait } from "./clock.ts";
import { nativeEventId } from "./event-id.ts";
import { report } from "./report.ts";
import { retryingD1 } from "./retrying-d1.ts";
import { shareShortPauses } from "./short-pauses.ts";
import { nativeVerify } from "./signature.ts";
import type { Telemetry } from "./workers.ts";

interface HubWiring {
  config: Config;
  database: Database;
  size: StoreSize;
  telemetry: Telemetry;
  /** What stores over this database have learned. Absent: this one shares it with no other. */
  dense?: Dense;
}

export function hubWiring({ config, database, size, telemetry, dense }: HubWiring) {
  const { metrics, tracer } = telemetry;
  const db = shareBatches(retryingD1(database, telemetry, "websocket"), {
    // A timer of its own: a longer pause gathers more reads for the next trip.
    breathe: () => wait(0),
    capture: () => telemetry.capture(),
  });
  return {
    config,
    store: createStore(db, size, dense),
    moderation: createModerationStore(db),
    traces: createEventTraces(db),
    verify: nativeVerify,
    idOf: nativeEventId,
    now: unixSeconds,
    pause: shareShortPauses(wait),
    report,
    metrics,
    tracer,
  } satisfies Partial<HubDeps>;
}
