/** The span of a request over HTTP: its name, and what may be sent of it. */
import { routeName } from "../http/route-name.ts";
import type { Attributes } from "../telemetry/tracing.ts";

/** Others are one name: a client may invent methods. */
const METHODS = new Set(["GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"]);

export function httpSpan(method: string, path: string) {
  const found = routeName(path);
  const route = found === "other" ? undefined : found;
  const known = METHODS.has(method) ? method : "_OTHER";
  const attributes: Attributes = {
    "faas.trigger": "http",
    "http.request.method": known,
    ...(route !== undefined && { "http.route": route }),
  };
  const named = known === "_OTHER" ? "HTTP" : known;
  return {
    name: route === undefined ? named : `${named} ${route}`,
    kind: "server" as const,
    peer: "client",
    attributes,
  };
}

/** Returns what an answer adds. */
export function answerAttributes(status: number): Attributes {
  return { "http.response.status_code": status, ...(status >= 500 && { "error.type": String(status) }) };
}

/** Returns whether a request is traced. Machines ask for these paths all the time. */
export function isTraced(path: string): boolean {
  return path !== "/metrics" && path !== "/health" && path !== "/health/ready";
}
