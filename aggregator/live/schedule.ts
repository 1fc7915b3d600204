/** Cron's part of live mode: orders the live connections, and keeps what they tell about themselves. */
import { and, eq, or, sql } from "drizzle-orm";
import type { Database } from "../../store/database/database.ts";
import { createDrizzle } from "../../store/database/drizzle.ts";
import { disconnected, type LiveHealth, readLiveHealth } from "../../store/upstreams/live-health.ts";
import { upstream } from "../../store/database/tables.ts";
import { isPulled, isWanted } from "../../store/upstreams/upstream-conditions.ts";
import { readUpstreamSettings } from "../../store/upstreams/upstream-settings.ts";
import { maskQueries } from "../../telemetry/mask-queries.ts";
import type { LiveOrder } from "./upstream.ts";

export interface LiveScheduleDeps {
  /** Gives an order to the object of an upstream. */
  follow(order: LiveOrder): Promise<LiveHealth>;
  /** Resolves after so many milliseconds. */
  wait(milliseconds: number): Promise<void>;
  /** Writes to the operator's log. */
  report(error: unknown): void;
}

const ANSWER_MILLISECONDS = 5000;

/**
 * Orders every upstream in live mode to be connected. An object whose upstream was removed or paused gets no order, and closes its
 * connection by itself. An upstream that has just been connected becomes due at once: the pull fetches what came while it was
 * not. `urls` is the setting UPSTREAMS.
 */
export async function orderLive(
  db: Database,
  urls: readonly string[],
  deps: LiveScheduleDeps,
): Promise<void> {
  const drizzle = createDrizzle(db);
  const isLive = and(isPulled, isWanted(urls), sql`json_extract(${upstream.settings}, '$.live')`);
  const [rows] = await drizzle.batch([
    drizzle
      .select({
        url: upstream.url,
        settings: upstream.settings,
        live: upstream.live,
        isLive: sql<number>`${isLive}`,
      })
      .from(upstream)
      .where(or(isLive, sql`json_extract(${upstream.live}, '$.connectedSince') IS NOT NULL`)),
  ]);
  const changes = await Promise.all(
    rows.map(async ({ url, settings, live, isLive }) => {
      const before = readLiveHealth(live);
      const filters = isLive === 1 ? readUpstreamSettings(settings)?.filters : undefined;
      const after = filters
        ? await ordered({ version: 1, url, filters, health: before }, deps)
        : disconnected(before);
      const isNew = after.connectedSince !== undefined && after.connectedSince !== before.connectedSince;
      return {
        url,
        live: JSON.stringify(after),
        isNew,
        isChanged: JSON.stringify(before) !== JSON.stringify(after),
      };
    }),
  );
  const updates = changes
    .filter(({ isChanged }) => isChanged)
    .map(({ url, live, isNew }) =>
      drizzle
        .update(upstream)
        .set({ live, ...(isNew && { dueAt: 0 }) })
        .where(eq(upstream.url, url)),
    );
  const [first, ...others] = updates;
  if (first) await drizzle.batch([first, ...others]);
}

/** An object that does not answer, because its upstream keeps it busy, must not keep Cron from the pulls of the others. */
async function ordered(order: LiveOrder, deps: LiveScheduleDeps): Promise<LiveHealth> {
  const silence = async () => {
    await deps.wait(ANSWER_MILLISECONDS);
    throw new Error(`the live connection of ${maskQueries(order.url)} does not answer`);
  };
  try {
    return await Promise.race([deps.follow(order), silence()]);
  } catch (error) {
    deps.report(error);
    return disconnected(order.health);
  }
}
