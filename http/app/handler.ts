/** Creates the HTTP handler: the dependencies of each request, and the state that is kept between requests. */
import { getPath } from "hono/utils/url";
import type { Ingest } from "../../relay/ingest/ingest.ts";
import type { Moderation } from "../../relay/access/moderation-snapshot.ts";
import { Access } from "../../relay/access/access.ts";
import { BodyRoom } from "../../relay/limits/body-room.ts";
import type { SpendLimit } from "../../relay/limits/spend-limit.ts";
import type { ModerationStore } from "../../store/moderation/moderation.ts";
import type { PublicFigures } from "../../telemetry/stats-answer.ts";
import type { AppEnv } from "../app-env.ts";
import { createApp } from "./app.ts";
import { RecentFigures } from "../public-figures.ts";
import { httpReads } from "../reads.ts";
import { routeName } from "../route-name.ts";
import type { RequestClock } from "../requests.ts";
import { httpWrites } from "../writes.ts";

type Bindings = AppEnv["Bindings"];

export interface HandlerDeps extends Pick<
  Bindings,
  | "config"
  | "version"
  | "size"
  | "metrics"
  | "limiter"
  | "addressOf"
  | "openStream"
  | "refuseFlood"
  | "figures"
  | "stats"
  | "report"
> {
  /** Refuses all but admins when the month's money is spent. Absent: there is no limit. */
  spendLimit?: SpendLimit;
  /** Asks the counters for what anybody may know. */
  countedInPublic(): Promise<Omit<PublicFigures, "stored">>;
  /**
   * Called for each request: on Workers, a request must not wait for a batch that another has begun. What one request reads at
   * the same time may share a batch.
   */
  open(): Pick<Bindings, "store" | "measure" | "readGauges" | "readReadiness"> & {
    moderation: ModerationStore;
  };
  clock: RequestClock;
  management: Omit<Bindings["management"], "store">;
  /** Created for each request that publishes. */
  createIngest(access: Access): Ingest;
}

/** Maximum age of the operators' decisions in the relay document and on the home page, which are requested most. */
const RECENT_SECONDS = 5;

export function createHandler(deps: HandlerDeps): (request: Request) => Promise<Response> {
  const app = createApp();
  const { config, spendLimit, limiter, clock, metrics, report } = deps;
  const { now } = clock;
  const reads = httpReads(config, limiter, clock);
  const writes = httpWrites(clock);
  const bodies = new BodyRoom();
  const recentFigures = new RecentFigures();
  // A value, not a promise: on Workers a request must not wait for another request's work.
  let last: Moderation | undefined;
  let readAt = -Infinity;
  /** Number of changes that were announced here. */
  let announced = 0;

  return async (request) => {
    const { moderation, ...opened } = deps.open();
    // Reads nothing until its first use.
    const access = new Access({ moderation, config, spendLimit, now, report }, last);
    const current = async () => {
      const loaded = await access.current();
      if (loaded.revision >= (last?.revision ?? 0)) last = loaded;
      return loaded;
    };
    const decisions = {
      last: () => last,
      current,
      recent: async () => {
        const [asked, known] = [now(), announced];
        if (last && asked - readAt < RECENT_SECONDS) return last;
        const loaded = await current();
        // Not before: others who ask meanwhile would get older ones.
        if (known === announced) readAt = asked;
        return loaded;
      },
    };
    const seconds = metrics.stopwatch();
    const answer = await app.fetch(request, {
      ...deps,
      now,
      ...opened,
      reads,
      bodies,
      access,
      decisions,
      publicFigures: () =>
        recentFigures.read({ store: opened.store, counted: () => deps.countedInPublic(), now: now() }),
      ingest: (value, from) => writes.runAlways(from.client, () => deps.createIngest(access)(value, from)),
      ingestMany: (client, work) => writes.runAlways(client, () => work(deps.createIngest(access))),
      management: {
        ...deps.management,
        store: moderation,
        announce: () => {
          readAt = -Infinity;
          announced += 1;
          return deps.management.announce();
        },
      },
    });
    metrics.observe("http_request_seconds", { route: routeName(getPath(request)) }, seconds());
    return answer;
  };
}
