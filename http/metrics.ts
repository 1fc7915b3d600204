/** Metrics for Prometheus. */
import type { Hono } from "hono";
import { countedText, readText } from "../telemetry/prometheus.ts";
import type { AppEnv } from "./app-env.ts";
import { forOperators } from "./for-operators.ts";
import { orUnavailable } from "./problem.ts";

export function addMetrics(app: Hono<AppEnv>): void {
  app.get("/metrics", forOperators, async (c) => {
    const { series, gauges } = await orUnavailable(() => c.env.figures());
    const { connections = 0, subscriptions = 0 } = gauges;
    const read = {
      connections,
      subscriptions,
      ...(await sizes(c.env)),
      ...(await readings(c.env)),
      ...(await upstreams(c.env)),
    };
    return c.text(countedText(series) + readText(read), 200, {
      "content-type": "text/plain; version=0.0.4; charset=utf-8",
    });
  });
}

/** Empty if the size is not known. A database that does not answer must not hide the counters. */
async function sizes({ measure, size, report }: AppEnv["Bindings"]): Promise<ReadValues> {
  await measure().catch(report);
  const { bytes, limit } = size;
  return bytes === undefined ? {} : { d1_size_bytes: bytes, d1_size_limit_bytes: limit };
}

async function readings({ readGauges, report }: AppEnv["Bindings"]): Promise<ReadValues> {
  try {
    return await readGauges();
  } catch (error) {
    report(error);
    return {};
  }
}

async function upstreams({ management, config, now, report }: AppEnv["Bindings"]): Promise<ReadValues> {
  try {
    const all = await management.store.pullProgress(config.UPSTREAMS);
    const time = now();
    return {
      upstream_lag_seconds: all.flatMap(({ url, pulledTo }) =>
        pulledTo === null ? [] : [{ upstream: url, value: Math.max(0, time - pulledTo) }],
      ),
      upstream_failures: all.map(({ url, failures }) => ({ upstream: url, value: failures })),
    };
  } catch (error) {
    report(error);
    return {};
  }
}

type ReadValues = Parameters<typeof readText>[0];
