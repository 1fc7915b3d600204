/** The --relay option of the commands. */
import { normalizeRelayUrl } from "../../nostr/relay-url.ts";
import { UsageError } from "./usage.ts";

/** The default port of `npm start`. */
export const DEFAULT_PORT = 8787;

const DEFAULT_RELAY = `ws://localhost:${DEFAULT_PORT}`;

export const RELAY_OPTION = { relay: { type: "string", default: DEFAULT_RELAY } } as const;

export const RELAY_HELP = `  --relay URL        the relay (default ${DEFAULT_RELAY})\n  --help             print this text\n`;

/** Returns the WebSocket address of a relay. Accepts http:// and https:// too. `where` names its place in the error message. */
export function relayUrl(given: string, where = "--relay"): string {
  const url = normalizeRelayUrl(given.replace(/^http(s?):/i, "ws$1:"));
  if (url === undefined)
    throw new UsageError(`${where} is ${JSON.stringify(given)}: ${relayAddressHint(given)}`);
  return url;
}

/** Returns a hint for text that is not a relay address. */
export function relayAddressHint(given: string): string {
  const isHost = /^[a-z0-9-]+(\.[a-z0-9-]+)*(:\d+)?(\/\S*)?$/i.test(given);
  if (!isHost) return "expected an address like wss://relay.example or ws://localhost:8787";
  const isLocal = /^(localhost|127\.)/.test(given);
  return `write ${isLocal ? "ws" : "wss"}://${given}`;
}

/** Returns the HTTP address of a relay. `path` has no leading slash. */
export function httpUrl(relay: string, path: string): string {
  const base = new URL(relay.replace(/^ws/, "http"));
  if (!base.pathname.endsWith("/")) base.pathname += "/";
  return new URL(path, base).href;
}
