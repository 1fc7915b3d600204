/** Who may read what the relay counts. It shows what clients do, so only operators may. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex, utf8ToBytes } from "@noble/hashes/utils.js";
import type { Context, MiddlewareHandler } from "hono";
import { checkHttpAuth } from "../nostr/http-auth.ts";
import { SIGNATURE_COST } from "../relay/limits/cost.ts";
import type { AppEnv } from "./app-env.ts";
import { ownAddress } from "./own-address.ts";
import { problem } from "./problem.ts";
import { clientOf } from "./rate-limit.ts";

/** Answers 401 to all but operators. */
export const forOperators: MiddlewareHandler<AppEnv> = async (c, next) => {
  if (mayRead(c)) return next();
  c.header("www-authenticate", "Bearer, Nostr");
  return c.json(problem("auth-required", HOW_TO_READ), 401);
};

const HOW_TO_READ =
  "only operators may read this: set METRICS_TOKEN and send it as Authorization: Bearer, or sign the request with an admin's key (NIP-98)";

/** Returns whether a request may read what the relay counts. */
function mayRead(c: Context<AppEnv>): boolean {
  const { METRICS_TOKEN } = c.env.config;
  const client = clientOf(c);
  // A program on the relay's own machine, such as a local Prometheus.
  if (METRICS_TOKEN === "" && client.network === undefined) return true;
  const header = c.req.header("authorization");
  if (header === undefined) return false;
  const [, token] = /^Bearer +(\S+)$/i.exec(header) ?? [];
  if (token !== undefined) return METRICS_TOKEN !== "" && digest(token) === digest(METRICS_TOKEN);
  return isSignedByAdmin(c, header);
}

/** Used authorizations are not remembered: reading the metrics twice changes nothing. */
function isSignedByAdmin(c: Context<AppEnv>, header: string): boolean {
  const { config, management, limiter, now } = c.env;
  const { pathname, search } = new URL(c.req.url);
  const url = ownAddress(c, pathname + search);
  if (url === undefined) return false;
  limiter.charge(clientOf(c), SIGNATURE_COST);
  const request = { url, method: c.req.method, body: undefined };
  const auth = checkHttpAuth(header, request, { verify: management.verify, now: now() });
  return auth.ok && config.RELAY_ADMINS.includes(auth.event.pubkey);
}

/** Digests are compared, so that the time of the comparison says nothing about the token. */
function digest(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)));
}
