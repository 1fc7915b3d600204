/** Brings a new connection to a hub that has room. */
import { HubChoice } from "../relay/session/hub-choice.ts";
import { hubName, type Region, regionOf } from "../relay/session/regions.ts";
import { networkOf } from "../relay/limits/client.ts";
import { CONNECTION_COST } from "../relay/limits/cost.ts";
import type { RateLimiter, TooMuch } from "../relay/limits/rate-limiter.ts";
import type { Moment } from "../telemetry/tracing.ts";
import { clientAddress } from "./client-address.ts";
import { hubOf } from "./objects.ts";

interface ConnectDeps {
  /** In each region. */
  maxHubs: number;
  /** Whether each continent has hubs of its own. */
  byContinent: boolean;
  limiter: RateLimiter;
  refuseFlood(request: Request): Promise<TooMuch | undefined>;
  /** Returns the current moment of the trace, which the hub continues. */
  capture(): Moment;
}

/** Created once for each isolate. */
export function createConnect({ maxHubs, byContinent, limiter, refuseFlood, capture }: ConnectDeps) {
  const choices = new Map<Region | undefined, HubChoice>();
  return async (request: Request): Promise<Response> => {
    const client = { network: networkOf(clientAddress(request)), keys: [] };
    // Charged before a hub is woken, and also if no hub has room.
    const refusal = limiter.limit(client, "websocket") ?? (await refuseFlood(request));
    limiter.charge(client, CONNECTION_COST);
    if (refusal) return tooMany(refusal);
    // One relay has one address (NIP-01). Another path would be a second address of the same relay.
    if (new URL(request.url).pathname !== "/")
      return new Response("WebSockets connect at the path /", { status: 404 });
    const region = byContinent ? regionOf(request.cf?.continent) : undefined;
    const choice = choices.get(region) ?? new HubChoice(maxHubs);
    choices.set(region, choice);
    const traced = withTrace(request, capture());
    for (const hub of choice.candidates()) {
      const response = await hubOf(hubName(region, hub)).fetch(traced);
      if (response.status === 503) continue;
      choice.hadRoom(hub);
      return response;
    }
    choice.allFull();
    return new Response("all hubs are full; try again later", {
      status: 503,
      headers: { "retry-after": "30" },
    });
  };
}

/** Returns the request with the trace context of this Worker. That of a client is not handed on: it could order any trace to be sampled. */
function withTrace(request: Request, { traceparent }: Moment): Request {
  if (traceparent === undefined) return request;
  const traced = new Request(request);
  traced.headers.set("traceparent", traceparent);
  return traced;
}

/** Returns a refusal before the upgrade, because HTTP can give a reason. */
export function tooMany({ prefix, reason, seconds }: TooMuch): Response {
  return new Response(`${prefix}: ${reason}`, {
    status: 429,
    headers: { "retry-after": String(seconds) },
  });
}
