/** Brings a new connection to a hub that has room. */
import { allHubsFull, refuseAttempt } from "../platforms/connecting.ts";
import { HubChoice } from "../relay/session/hub-choice.ts";
import { hubName, type Region, regionOf } from "../relay/session/regions.ts";
import type { RateLimiter, TooMuch } from "../relay/limits/rate-limiter.ts";
import type { Moment } from "../telemetry/tracing.ts";
import { clientAddress } from "./client-address.ts";
import { hubOf } from "./objects.ts";

interface HubsDeps {
  /** In each region. */
  maxHubs: number;
  /** Whether each continent has hubs of its own. */
  byContinent: boolean;
}

interface ConnectDeps {
  hubs: Hubs;
  limiter: RateLimiter;
  refuseFlood(request: Request): Promise<TooMuch | undefined>;
  /** Returns the current moment of the trace, which the hub continues. */
  capture(): Moment;
}

/** Asks hubs of the client's region, one after the other, until one has room. Status 503: none has. */
export type Hubs = (
  client: Request,
  ask: (hub: ReturnType<typeof hubOf>) => Promise<Response>,
) => Promise<Response>;

/** Created once for each isolate. */
export function createHubs({ maxHubs, byContinent }: HubsDeps): Hubs {
  const choices = new Map<Region | undefined, HubChoice>();
  return async (client, ask) => {
    const region = byContinent ? regionOf(client.cf?.continent) : undefined;
    const choice = choices.get(region) ?? new HubChoice(maxHubs);
    choices.set(region, choice);
    for (const hub of choice.candidates()) {
      const response = await ask(hubOf(hubName(region, hub)));
      if (response.status === 503) continue;
      choice.hadRoom(hub);
      return response;
    }
    choice.allFull();
    return allHubsFull();
  };
}

export function createConnect({ hubs, limiter, refuseFlood, capture }: ConnectDeps) {
  return async (request: Request): Promise<Response> => {
    const refused = await refuseAttempt(request, { ip: clientAddress(request), limiter, refuseFlood });
    if (refused) return refused;
    const traced = withTrace(request, capture());
    return hubs(request, (hub) => hub.fetch(traced));
  };
}

/** Returns the request with the trace context of this Worker. That of a client is not handed on: it could order any trace to be sampled. */
function withTrace(request: Request, { traceparent }: Moment): Request {
  if (traceparent === undefined) return request;
  const traced = new Request(request);
  traced.headers.set("traceparent", traceparent);
  return traced;
}
