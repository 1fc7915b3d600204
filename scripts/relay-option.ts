/** The --relay option that all commands share, and what it stands for. */
import { normalizeRelayUrl } from "../nostr/relay-url.ts";
import { UsageError } from "./usage.ts";

export const RELAY_OPTION = { relay: { type: "string", default: "ws://localhost:8787" } } as const;

export const RELAY_HELP =
  "  --relay URL        the relay (default ws://localhost:8787)\n  --help             this text\n";

/** The WebSocket address; http:// and https:// mean the same relay. */
export function relayUrl(given: string): string {
  const url = normalizeRelayUrl(given.replace(/^http(s?):/i, "ws$1:"));
  if (url === undefined) {
    throw new UsageError(`--relay is ${JSON.stringify(given)}, expected an address like ws://localhost:8787`);
  }
  return url;
}

/** The same relay over HTTP; `path` has no slash in front. */
export function httpUrl(relay: string, path: string): string {
  const base = new URL(relay.replace(/^ws/, "http"));
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  return new URL(path, base).href;
}

export function noAnswer(relay: string): string {
  return `no relay answers at ${relay} : is it running? npm start`;
}
