/** An answer that is a page for people. */
import type { Context } from "hono";
import type { VNode } from "preact";
import type { Moderation } from "../relay/access/moderation-snapshot.ts";
import { CONTENT_SECURITY_POLICY, htmlDocument } from "../web/pages/document.ts";
import type { Relay } from "../web/pages/layout.tsx";
import { pictureUrl, safeUrl } from "../web/parts/safe-url.ts";
import type { AppEnv } from "./app-env.ts";
import { recentIfThere } from "./recent-decisions.ts";

export function page(c: Context<AppEnv>, content: VNode, status: 200 | 404 | 503 = 200): Response {
  return c.html(htmlDocument(content), status, {
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  });
}

/** Returns what every page says about the relay. */
export async function relayOf(c: Context<AppEnv>): Promise<Relay> {
  return describeRelay(c, await recentIfThere(c.env));
}

export function describeRelay(c: Context<AppEnv>, moderation: Moderation | undefined): Relay {
  const config = moderation?.config ?? c.env.config;
  const { protocol, host } = new URL(c.req.url);
  return {
    name: config.RELAY_NAME,
    description: config.RELAY_DESCRIPTION,
    icon: pictureUrl(config.RELAY_ICON),
    terms: safeUrl(config.RELAY_TERMS)?.href,
    contact: contactOf(config.RELAY_CONTACT),
    operator: config.RELAY_PUBKEY || undefined,
    version: c.env.version,
    address: config.RELAY_URL || `${protocol === "https:" ? "wss:" : "ws:"}//${host}`,
  };
}

/** Returns the address of the operator, if a page may link to it. */
function contactOf(text: string): string | undefined {
  return /^(?:mailto|nostr|https?):[^\s]+$/i.test(text) ? text : undefined;
}
