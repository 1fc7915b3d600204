/**
 * The relay over HTTP: the routes. It is independent of the platform and is built once. Its dependencies come with each
 * request, as the second argument of `app.fetch`, so a platform may keep them or create them for each request.
 */
import type { Context, Hono } from "hono";
import { cors } from "hono/cors";
import { HonoBase } from "hono/hono-base";
import { HTTPException } from "hono/http-exception";
import { methodNotAllowed } from "hono/method-not-allowed";
import { TrieRouter } from "hono/router/trie-router";
import { reasonFor } from "../../store/database/database.ts";
import type { AppEnv } from "../app-env.ts";
import { blocked, refuseKnownBlocked } from "../blocked.ts";
import { storeNothingElse } from "../caching.ts";
import { addEventRoutes } from "../events.ts";
import { addExport } from "../moving/export.ts";
import { addHealth } from "../health.ts";
import { createHome } from "../pages/home-page.tsx";
import { addImport } from "../moving/import.ts";
import { addManagement } from "../management/management.ts";
import { addMetrics } from "../metrics.ts";
import { addStats } from "../stats.ts";
import { addOpenApi } from "../openapi/openapi-route.ts";
import { messagePage } from "../pages/page.tsx";
import { addPages, asksForPage, notFoundPage } from "../pages/pages.tsx";
import { problem } from "../problem.ts";
import { addPublishing } from "../publish.ts";
import { addQuery } from "../query.ts";
import { addressOf, limitRate } from "../rate-limit.ts";
import { recentIfThere } from "../recent-decisions.ts";
import { addStream } from "../stream.ts";
import { asksForRelayDocument, RELAY_DOCUMENT_TYPE, relayDocument } from "../relay-document.ts";

type App = Hono<AppEnv>;

const UNREACHABLE = "the relay cannot reach its database; try again";

/** In CORS, the asterisk covers all headers except Authorization. */
const ALLOWED_HEADERS = ["*", "Authorization"];

/** Web pages see no other headers, besides a few such as Content-Type. */
const EXPOSED_HEADERS = [
  "Allow",
  "ETag",
  "Link",
  "RateLimit",
  "RateLimit-Policy",
  "Retry-After",
  "WWW-Authenticate",
];

/** How long a browser remembers the answer to a preflight request. Chromium remembers it for two hours at most. */
const PREFLIGHT_SECONDS = 86_400;

export function createApp(): App {
  // Hono's default router compiles all routes into one expression, with the first request of an isolate. This one does not, and
  // methodNotAllowed brings it anyway.
  const app: App = new HonoBase<AppEnv>({ router: new TrieRouter() });
  app.use(
    cors({
      origin: "*",
      allowMethods: ["GET", "HEAD", "POST", "OPTIONS"],
      allowHeaders: ALLOWED_HEADERS,
      exposeHeaders: EXPOSED_HEADERS,
      maxAge: PREFLIGHT_SECONDS,
    }),
  );
  app.use("/api/*", storeNothingElse);
  app.use(methodNotAllowed({ app, onMethodNotAllowed: refuseMethod }));
  // Before anything is read, so that every request is limited. After CORS, so that a web page can read the refusal.
  app.use(limitRate);
  app.use(refuseKnownBlocked);
  addHome(app);
  addPages(app);
  addManagement(app);
  addEventRoutes(app);
  addQuery(app);
  addStream(app);
  addPublishing(app);
  addExport(app);
  addImport(app);
  addHealth(app);
  addMetrics(app);
  addStats(app);
  addOpenApi(app);
  app.notFound((c) =>
    asksForPage(c.req.header("accept"))
      ? notFoundPage(c)
      : c.json(problem("not-found", `there is nothing at ${c.req.path}`), 404),
  );
  app.onError(async (error, c) => {
    const isPassing = error instanceof HTTPException && error.status === 503;
    c.env.report(isPassing ? (error.cause ?? error) : error);
    const [status, code, message] = isPassing
      ? ([503, "unavailable", reasonFor(error.cause, UNREACHABLE)] as const)
      : ([500, "internal", "internal error of the relay; its log has the details"] as const);
    if (c.req.path.startsWith("/api/") || !asksForPage(c.req.header("accept")))
      return c.json(problem(code, message), status);
    return messagePage(c, { status, title: "That did not work", says: `The relay says: ${message}.` });
  });
  return app;
}

/** Answers at the WebSocket's address: the relay information document for clients (NIP-11), a home page for people. */
function addHome(app: App): void {
  const homePage = createHome();
  app.get("/", async (c) => {
    const moderation = await recentIfThere(c.env);
    if (moderation?.isBlocked(addressOf(c))) return blocked(c);
    c.header("vary", "Accept");
    if (!asksForRelayDocument(c.req.header("accept"))) return homePage(c, moderation);
    const config = moderation?.config ?? c.env.config;
    return c.body(JSON.stringify(relayDocument(config, c.env.version)), 200, {
      "content-type": RELAY_DOCUMENT_TYPE,
      "access-control-allow-headers": ALLOWED_HEADERS.join(","),
      "access-control-allow-methods": "GET, HEAD, POST, OPTIONS",
    });
  });
}

/** Answers 405 at a path that has routes for other methods. */
function refuseMethod(c: Context, methods: string[]): Response {
  const allowed = ["OPTIONS", ...methods].toSorted().join(", ");
  return c.json(problem("method-not-allowed", `${c.req.path} accepts ${allowed}`), 405, { allow: allowed });
}
