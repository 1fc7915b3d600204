/** Pages for people. The server renders their frame; the scripts of `web/` draw what moves. */
import type { Context, Hono } from "hono";
import { quoted } from "../../nostr/characters.ts";
import { ApiPage } from "../../web/pages/api.tsx";
import { ViewPage } from "../../web/pages/view.tsx";
import type { AppEnv } from "../app-env.ts";
import { addEventPage } from "./event-page.tsx";
import { addExplorePage } from "./explore-page.tsx";
import { manifestOf } from "./manifest.ts";
import { openApiDocument } from "../openapi/openapi.ts";
import { messagePage, page, relayOf } from "./page.tsx";
import { addProfilePage } from "./profile-page.tsx";

/** Pages that a script draws: path, title, and the name of the script. */
const VIEWS = [
  ["/watch", "Watch", "watch"],
  ["/dashboard", "Dashboard", "dashboard"],
  ["/admin", "Admin", "admin"],
] as const;

export function addPages(app: Hono<AppEnv>): void {
  for (const [path, title, script] of VIEWS) {
    app.get(path, async (c) =>
      page(c, <ViewPage relay={await relayOf(c)} title={title} path={path} script={script} />),
    );
  }
  addExplorePage(app);
  addEventPage(app);
  addProfilePage(app);
  app.get("/api", async (c) => {
    const relay = await relayOf(c);
    return page(c, <ApiPage relay={relay} document={openApiDocument(c.env.version, relay.origin)} />);
  });
  app.get("/manifest.webmanifest", async (c) =>
    c.json(manifestOf(await relayOf(c)), 200, { "content-type": "application/manifest+json" }),
  );
}

/** Answers 404 to a person. */
export function notFoundPage(c: Context<AppEnv>): Promise<Response> {
  return messagePage(c, {
    status: 404,
    title: "There is nothing here",
    says: `This relay has no page at ${quoted(c.req.path, 200)}.`,
  });
}

/** Returns whether a request prefers HTML, as those of a browser's address bar do. Programs get JSON. */
export function asksForPage(accept: string | undefined): boolean {
  return (accept ?? "").split(",").some((part) => part.trim().toLowerCase().startsWith("text/html"));
}
