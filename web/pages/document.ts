/** A page as the text of an HTML document. */
import type { VNode } from "preact";
import { renderToString } from "preact-render-to-string";

export function htmlDocument(page: VNode): string {
  return `<!doctype html>${renderToString(page)}`;
}

/**
 * What a page may load: the relay's own scripts and styles. Pictures come from anywhere, but only when someone asks for
 * them. Connections go to this relay, and to the relays of a remote signer (NIP-46).
 */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' https: data:",
  "connect-src 'self' ws: wss:",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
].join("; ");
