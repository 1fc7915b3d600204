/** Pages for people. The server renders their frame; the scripts of `web/` draw what moves. */
import type { Context, Hono } from "hono";
import type { VNode } from "preact";
import type { Moderation } from "../relay/access/moderation-snapshot.ts";
import { CONTENT_SECURITY_POLICY, htmlDocument } from "../web/pages/document.ts";
import { HomePage } from "../web/pages/home.tsx";
import type { Relay } from "../web/pages/layout.tsx";
import { NotFoundPage } from "../web/pages/not-found.tsx";
import { ViewPage } from "../web/pages/view.tsx";
import type { AppEnv } from "./app-env.ts";
import { recentIfThere } from "./recent-decisions.ts";

/** Pages that a script draws: path, title, and the name of the script. */
const VIEWS = [
  ["/watch", "Watch", "watch"],
  ["/explore", "Explore", "explore"],
  ["/dashboard", "Dashboard", "dashboard"],
  ["/admin", "Admin", "admin"],
] as const;

export function addPages(app: Hono<AppEnv>): void {
  for (const [path, title, script] of VIEWS) {
    app.get(path, async (c) =>
      page(c, <ViewPage relay={await relayOf(c)} title={title} path={path} script={script} />),
    );
  }
  app.get("/manifest.webmanifest", async (c) => {
    const { name, icon } = await relayOf(c);
    return c.json(
      {
        name: name || "Nostr relay",
        short_name: (name || "Relay").slice(0, 12),
        start_url: "/",
        display: "standalone",
        icons: [{ src: icon || "/favicon.svg", sizes: "any" }],
      },
      200,
      { "content-type": "application/manifest+json" },
    );
  });
}

export async function homePage(c: Context<AppEnv>, moderation: Moderation | undefined): Promise<Response> {
  return page(c, <HomePage relay={describe(c, moderation)} />);
}

/** Answers 404 to a person. */
export async function notFoundPage(c: Context<AppEnv>): Promise<Response> {
  return page(c, <NotFoundPage relay={await relayOf(c)} path={c.req.path} />, 404);
}

/** Returns whether a request prefers HTML, as those of a browser's address bar do. Programs get JSON. */
export function asksForPage(accept: string | undefined): boolean {
  return (accept ?? "").split(",").some((part) => part.trim().toLowerCase().startsWith("text/html"));
}

function page(c: Context<AppEnv>, content: VNode, status: 200 | 404 = 200): Response {
  return c.html(htmlDocument(content), status, {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  });
}

async function relayOf(c: Context<AppEnv>): Promise<Relay> {
  return describe(c, await recentIfThere(c.env));
}

function describe(c: Context<AppEnv>, moderation: Moderation | undefined): Relay {
  const {
    RELAY_NAME: name,
    RELAY_DESCRIPTION: description,
    RELAY_ICON: icon,
  } = moderation?.config ?? c.env.config;
  const { protocol, host } = new URL(c.req.url);
  const address = `${protocol === "https:" ? "wss:" : "ws:"}//${host}`;
  return { name, description, icon, version: c.env.version, address };
}
