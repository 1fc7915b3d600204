/**
 * Refuses a network that asks for very much, before a hub is called or the database is read. Cloudflare counts, for all isolates
 * of one of its locations. It counts roughly and only requests. What work costs is the rate limiter's.
 * https://developers.cloudflare.com/workers/runtime-apis/bindings/rate-limit/
 */
import type { Config } from "../relay/config.ts";
import { networkOf } from "../relay/limits/client.ts";
import type { TooMuch } from "../relay/limits/rate-limiter.ts";
import type { Metrics, Source } from "../telemetry/metrics.ts";
import { clientAddress } from "./client-address.ts";

/** The period of FLOODS in wrangler.toml. */
const SECONDS = 10;

interface FloodLimitDeps {
  config: Pick<Config, "RATE_LIMIT" | "POLICY_DRY_RUN">;
  /** Absent where the Worker has no such binding. */
  floods: RateLimit | undefined;
  metrics: Metrics;
  report(error: unknown): void;
}

export function createFloodLimit({ config, floods, metrics, report }: FloodLimitDeps) {
  const isOff = config.RATE_LIMIT === "off" || config.POLICY_DRY_RUN === "on";
  return async (request: Request, source: Source): Promise<TooMuch | undefined> => {
    const network = networkOf(clientAddress(request));
    if (!floods || isOff || network === undefined) return undefined;
    try {
      // All Workers of an account may use one namespace.
      const { success } = await floods.limit({ key: `${new URL(request.url).host} ${network}` });
      if (success) return undefined;
    } catch (error) {
      // Clients are still limited by cost.
      report(error);
      return undefined;
    }
    metrics.add("clients_limited_total", { source });
    return { prefix: "rate-limited", reason: `too many requests; retry in ${SECONDS} s`, seconds: SECONDS };
  };
}
