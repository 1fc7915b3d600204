/** The relay over HTTP: which address answers what. It is built once; what a request needs comes with the request. */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import { cors } from "hono/cors";
import type { Config } from "../relay/config.ts";
import type { Ingest } from "../relay/ingest.ts";
import type { Store } from "../store/store.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { addEventRoutes } from "./events.ts";
import { homePage } from "./home-page.ts";
import { problem } from "./problem.ts";
import { asksForRelayDocument, RELAY_DOCUMENT_TYPE, relayDocument } from "./relay-document.ts";

export interface AppEnv {
  /** The second argument of `app.fetch`. */
  Bindings: {
    config: Config;
    version: string;
    store: Pick<Store, "read">;
    ingest: Ingest;
    metrics: Metrics;
    /** Prometheus text. */
    metricsText(): Promise<string>;
    /** For failures that the client is told of only in general. */
    report(error: unknown): void;
  };
}

const healthRoute = createRoute({
  method: "get",
  path: "/health",
  responses: {
    200: {
      description: "The relay answers, and its database too",
      content: { "application/json": { schema: z.object({ status: z.literal("ok") }) } },
    },
  },
});

const metricsRoute = createRoute({
  method: "get",
  path: "/metrics",
  responses: {
    200: { description: "Counters, as Prometheus text", content: { "text/plain": { schema: z.string() } } },
  },
});

export function createApp(): OpenAPIHono<AppEnv> {
  const app = new OpenAPIHono<AppEnv>();
  app.use(cors({ origin: "*", allowMethods: ["GET", "POST", "OPTIONS"], allowHeaders: ["*"] }));

  app.get("/", (c) => {
    const { config, version } = c.env;
    if (!asksForRelayDocument(c.req.header("accept"))) {
      return c.html(homePage(config, new URL(c.req.url)), 200, { vary: "Accept" });
    }
    return c.body(JSON.stringify(relayDocument(config, version)), 200, {
      "content-type": RELAY_DOCUMENT_TYPE,
      "access-control-allow-headers": "*",
      "access-control-allow-methods": "GET, POST, OPTIONS",
      vary: "Accept",
    });
  });

  addEventRoutes(app);

  app.openapi(healthRoute, async (c) => {
    await c.env.store.read([]);
    return c.json({ status: "ok" as const }, 200);
  });
  app.openapi(metricsRoute, async (c) =>
    c.text(await c.env.metricsText(), 200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }),
  );
  app.get("/api/v1/openapi.json", (c) =>
    c.json(
      app.getOpenAPI31Document({ openapi: "3.1.0", info: { title: "Tributary", version: c.env.version } }),
    ),
  );

  app.notFound((c) => c.json(problem("not-found", `there is nothing at ${c.req.method} ${c.req.path}`), 404));
  app.onError((error, c) => {
    c.env.report(error);
    return c.json(problem("error", "something failed here, try again"), 503);
  });
  return app;
}
