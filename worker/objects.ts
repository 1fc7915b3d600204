/**
 * The relay's objects, and where Cloudflare creates them. Only the call that creates an object heeds the location. Do not keep
 * what these functions return: after an exception, every call on it may fail with the same exception.
 * https://developers.cloudflare.com/durable-objects/best-practices/error-handling/
 */
import { env } from "cloudflare:workers";
import { configOf } from "../platforms/config.ts";
import { regionInName } from "../relay/session/regions.ts";

const { LOCATION } = configOf(env);
const options = LOCATION === "" ? {} : { locationHint: LOCATION };

/** A hub is created in the region that its name has. */
export function hubOf(name: string) {
  const region = regionInName(name);
  return env.HUB.getByName(name, region ? { locationHint: region } : options);
}

export function theSwitchboard() {
  return env.SWITCHBOARD.getByName("switchboard", options);
}

export function theCounters() {
  return env.COUNTERS.getByName("counters", options);
}
