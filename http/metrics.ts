/** Metrics for Prometheus. They show what other clients do, so only operators may read them. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Context, Hono } from "hono";
import { checkHttpAuth } from "../nostr/http-auth.ts";
import { SIGNATURE_COST } from "../relay/limits/cost.ts";
import { countedText, readText } from "../telemetry/prometheus.ts";
import type { AppEnv } from "./app-env.ts";
import { ownAddress } from "./own-address.ts";
import { orUnavailable, problem } from "./problem.ts";
import { clientOf } from "./rate-limit.ts";

const PATH = "/metrics";

export function addMetrics(app: Hono<AppEnv>): void {
  app.get(PATH, async (c) => {
    if (!mayRead(c)) {
      c.header("www-authenticate", "Bearer, Nostr");
      return c.json(problem("auth-required", HOW_TO_READ), 401);
    }
    const { series, gauges } = await orUnavailable(() => c.env.figures());
    const read = {
      ...gauges,
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

const HOW_TO_READ =
  "only operators may read the metrics: set METRICS_TOKEN and send it as Authorization: Bearer, or sign the request with an admin's key (NIP-98)";

function mayRead(c: Context<AppEnv>): boolean {
  const { METRICS_TOKEN } = c.env.config;
  const client = clientOf(c);
  // A program on the relay's own machine, such as a local Prometheus.
  if (METRICS_TOKEN === "" && client.network === undefined) return true;
  const header = c.req.header("authorization");
  if (header === undefined) return false;
  const [, token] = /^Bearer +(\S+)$/i.exec(header) ?? [];
  if (token !== undefined) return METRICS_TOKEN !== "" && digest(token) === digest(METRICS_TOKEN);
  return isSignedByAdmin(c, header);
}

/** Used authorizations are not remembered: reading the metrics twice changes nothing. */
function isSignedByAdmin(c: Context<AppEnv>, header: string): boolean {
  const { config, management, limiter, now } = c.env;
  const url = ownAddress(c, PATH);
  if (url === undefined) return false;
  limiter.charge(clientOf(c), SIGNATURE_COST);
  const request = { url, method: c.req.method, body: undefined };
  const auth = checkHttpAuth(header, request, { verify: management.verify, now: now() });
  return auth.ok && config.RELAY_ADMINS.includes(auth.event.pubkey);
}

/** Digests are compared, so that the time of the comparison says nothing about the token. */
function digest(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}
