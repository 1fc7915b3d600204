/**
 * The relay over HTTP: which address answers what. It knows no platform and is built once; what it works with
 * comes with each request, as the second argument of `app.fetch`, so a platform may make it anew or keep it.
 */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context, Next } from "hono";
import { cors } from "hono/cors";
import { HTTPException } from "hono/http-exception";
import type { Config } from "../relay/config.ts";
import type { Ingest } from "../relay/ingest.ts";
import type { Moderator } from "../relay/moderator.ts";
import type { Toll } from "../relay/toll.ts";
import type { Store } from "../store/store.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { addEventRoutes } from "./events.ts";
import { homePage } from "./home-page.ts";
import { addManagement, type Management } from "./management.ts";
import { ANSWERED_ANYWHERE, orUnavailable, problem, problemAnswer } from "./problem.ts";
import { addressOf, limitRate } from "./rate-limit.ts";
import { asksForRelayDocument, RELAY_DOCUMENT_TYPE, relayDocument } from "./relay-document.ts";

export interface AppEnv {
  Bindings: {
    /** With what the operators have changed (NIP-86). */
    config: Config;
    version: string;
    store: Pick<Store, "read" | "count">;
    ingest: Ingest;
    moderator: Pick<Moderator, "moderation" | "refuseRead">;
    management: Management;
    metrics: Metrics;
    toll: Toll;
    /** Unix seconds. */
    now(): number;
    /** Prometheus text. */
    metricsText(): Promise<string>;
    /** For failures that the client is told of only in general. */
    report(error: unknown): void;
  };
}

type App = OpenAPIHono<AppEnv>;

/** The asterisk stands for all but this one. */
const ALLOWED_HEADERS = ["*", "Authorization"];

export function createApp(): App {
  const app: App = new OpenAPIHono<AppEnv>();
  app.use(
    cors({ origin: "*", allowMethods: ["GET", "HEAD", "POST", "OPTIONS"], allowHeaders: ALLOWED_HEADERS }),
  );
  // First of all, so that there is nothing that may be asked for without end; but a page must be able to read the refusal.
  app.use(limitRate);
  app.use(refuseBlocked);
  addHome(app);
  addManagement(app);
  addEventRoutes(app);
  addOperatorRoutes(app);
  addApiDocument(app);
  refuseOtherMethods(app);
  app.notFound((c) => c.json(problem("not-found", `there is nothing at ${c.req.path}`), 404));
  app.onError((error, c) => {
    const isPassing = error instanceof HTTPException && error.status === 503;
    c.env.report(isPassing ? (error.cause ?? error) : error);
    return isPassing
      ? c.json(problem("unavailable", "the relay cannot reach what it needs, try again"), 503)
      : c.json(
          problem("internal", "the relay made a mistake, its operator can read about it in the log"),
          500,
        );
  });
  return app;
}

/** NIP-86: what was blocked at run time is refused on every door. */
async function refuseBlocked(c: Context<AppEnv>, next: Next): Promise<Response | undefined> {
  const isBlocked = c.env.moderator.moderation?.isBlocked(addressOf(c));
  if (isBlocked) return c.json(problem("blocked", "requests from this address are not taken"), 403);
  await next();
  return undefined;
}

/** The WebSocket's address: the relay document for clients (NIP-11), a page for people. */
function addHome(app: App): void {
  const route = createRoute({
    method: "get",
    path: "/",
    summary: "What this relay is",
    responses: {
      ...ANSWERED_ANYWHERE,
      200: {
        description: "The relay information document (NIP-11) when Accept names its type, a page otherwise",
        content: {
          [RELAY_DOCUMENT_TYPE]: {
            schema: z.looseObject({ name: z.string(), supported_nips: z.array(z.int()) }),
          },
          "text/html": { schema: z.string() },
        },
      },
    },
  });
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), (c) => {
    const { config, version } = c.env;
    c.header("vary", "Accept");
    if (!asksForRelayDocument(c.req.header("accept"))) {
      c.header("content-security-policy", "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'");
      return c.html(homePage(config, new URL(c.req.url)));
    }
    return c.body(JSON.stringify(relayDocument(config, version)), 200, {
      "content-type": RELAY_DOCUMENT_TYPE,
      "access-control-allow-headers": ALLOWED_HEADERS.join(","),
      "access-control-allow-methods": "GET, HEAD, POST, OPTIONS",
    });
  });
}

function addOperatorRoutes(app: App): void {
  const healthRoute = createRoute({
    method: "get",
    path: "/health",
    summary: "Does it work?",
    responses: {
      ...ANSWERED_ANYWHERE,
      200: {
        description: "The relay answers, and its database too",
        content: { "application/json": { schema: z.object({ status: z.literal("ok") }) } },
      },
      503: problemAnswer("The database does not answer"),
    },
  });
  app.openapi(healthRoute, async (c) => {
    await orUnavailable(() => c.env.store.read([]));
    return c.json({ status: "ok" as const }, 200);
  });

  const metricsRoute = createRoute({
    method: "get",
    path: "/metrics",
    summary: "Counters for Prometheus",
    responses: {
      ...ANSWERED_ANYWHERE,
      200: { description: "Prometheus text", content: { "text/plain": { schema: z.string() } } },
      503: problemAnswer("The counters do not answer"),
    },
  });
  app.openapi(metricsRoute, async (c) =>
    c.text(await orUnavailable(() => c.env.metricsText()), 200, {
      "content-type": "text/plain; version=0.0.4; charset=utf-8",
    }),
  );
}

function addApiDocument(app: App): void {
  const route = createRoute({
    method: "get",
    path: "/api/v1/openapi.json",
    summary: "This document",
    responses: {
      ...ANSWERED_ANYWHERE,
      200: { description: "OpenAPI 3.1", content: { "application/json": { schema: z.looseObject({}) } } },
    },
  });
  app.openAPIRegistry.registerPath(route);
  app.get(route.getRoutingPath(), (c) =>
    c.json(
      app.getOpenAPI31Document({
        openapi: "3.1.0",
        info: { title: "Tributary", version: c.env.version, description: "A Nostr relay over HTTP" },
      }),
    ),
  );
}

/** Comes last: what no route above has answered, at an address that one of them has. */
function refuseOtherMethods(app: App): void {
  const routes = app.routes.filter(({ method }) => method !== "ALL");
  for (const [path, known] of Map.groupBy(routes, (route) => route.path)) {
    const allowed = [...new Set(["OPTIONS", "HEAD", ...known.map(({ method }) => method)])].sort().join(", ");
    app.all(path, (c) =>
      c.json(problem("method-not-allowed", `${c.req.path} takes ${allowed}`), 405, { allow: allowed }),
    );
  }
}
