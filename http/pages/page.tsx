/** An answer that is a page for people. */
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { VNode } from "preact";
import type { Moderation } from "../../relay/access/moderation-snapshot.ts";
import type { Refusal } from "../../nostr/message.ts";
import { CONTENT_SECURITY_POLICY, htmlDocument } from "../../web/pages/document.ts";
import type { Relay } from "../../web/pages/layout.tsx";
import { MessagePage } from "../../web/pages/message.tsx";
import { pictureUrl, safeUrl } from "../../web/parts/safe-url.ts";
import type { AppEnv } from "../app-env.ts";
import { recentIfThere } from "../recent-decisions.ts";
import { REFUSAL_STATUS } from "../refusal.ts";

export function page(c: Context<AppEnv>, content: VNode, status: ContentfulStatusCode = 200): Response {
  return c.html(htmlDocument(content), status, {
    "cache-control": "no-cache",
    "content-security-policy": CONTENT_SECURITY_POLICY,
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  });
}

interface Message {
  status: ContentfulStatusCode;
  title: string;
  says: string;
}

/** Answers with a page that says why there is nothing to show. */
export async function messagePage(c: Context<AppEnv>, { status, title, says }: Message): Promise<Response> {
  return page(c, <MessagePage relay={await relayOf(c)} title={title} says={says} />, status);
}

/** Answers a read that the relay has refused. */
export async function refusedPage(c: Context<AppEnv>, refusal: Refusal): Promise<Response> {
  if ("seconds" in refusal) c.header("retry-after", String(refusal.seconds));
  return messagePage(c, {
    status: REFUSAL_STATUS[refusal.prefix],
    title: "Not shown",
    says: `The relay does not show this: ${refusal.reason}.`,
  });
}

/** Returns what every page says about the relay. */
export async function relayOf(c: Context<AppEnv>): Promise<Relay> {
  return describeRelay(c, await recentIfThere(c.env));
}

export function describeRelay(c: Context<AppEnv>, moderation: Moderation | undefined): Relay {
  const config = moderation?.config ?? c.env.config;
  const { origin } = new URL(c.req.url);
  const address = config.RELAY_URL || origin.replace(/^http/, "ws");
  return {
    name: config.RELAY_NAME,
    description: config.RELAY_DESCRIPTION,
    icon: pictureUrl(config.RELAY_ICON),
    terms: safeUrl(config.RELAY_TERMS)?.href,
    contact: contactOf(config.RELAY_CONTACT),
    operator: config.RELAY_PUBKEY || undefined,
    version: c.env.version,
    address,
    origin: new URL(address.replace(/^ws/, "http")).origin,
  };
}

/** Returns the address of the operator, if a page may link to it. */
function contactOf(text: string): string | undefined {
  return /^(?:mailto|nostr|https?):[^\s]+$/i.test(text) ? text : undefined;
}
