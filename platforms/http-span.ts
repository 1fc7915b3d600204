/** The span of a request over HTTP: its name, and what may be sent of it. A server and a Worker record the same. */
import { routeName } from "../http/route-name.ts";
import type { Attributes, Tracer } from "../telemetry/tracing.ts";

/** Others are one name: a client may invent methods. */
const METHODS = new Set(["GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE"]);

/** Answers a request inside a span, which joins the trace of the client. Whether it is sampled is decided here. */
export async function answerInSpan(
  tracer: Tracer,
  request: Request,
  answer: () => Promise<Response>,
): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (!isTraced(pathname)) return answer();
  const { name, ...about } = httpSpan(request.method, pathname);
  const parent = request.headers.get("traceparent") ?? undefined;
  return tracer.span(name, { ...about, parent, isOfClient: true }, async (span) => {
    const response = await answer();
    for (const [key, value] of Object.entries(answerAttributes(response.status))) span.set(key, value);
    return response;
  });
}

function httpSpan(method: string, path: string) {
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
function answerAttributes(status: number): Attributes {
  return { "http.response.status_code": status, ...(status >= 500 && { "error.type": String(status) }) };
}

/** Returns whether a request is traced. Machines ask for these paths all the time. */
function isTraced(path: string): boolean {
  return path !== "/metrics" && path !== "/health" && path !== "/health/ready";
}
