/** The --host option of `npm start`, and the addresses at which the relay can be reached. */
import { randomUUID } from "node:crypto";
import { isIP, isIPv6 } from "node:net";
import { networkInterfaces } from "node:os";
import { isLoopback } from "../../nostr/ip-address.ts";
import { UsageError } from "../shared/usage.ts";

export const HOST_OPTION = { host: { type: "string", default: "localhost" } } as const;

export const HOST_HELP = `  --host HOST        the address to listen on (default localhost: only this machine can connect). Use
                     0.0.0.0 for all IPv4 addresses, or :: for all IPv6 addresses
`;

export function readHost(given: string): string {
  if (given === "localhost" || isIP(given) > 0) return given;
  throw new UsageError(
    `--host is ${JSON.stringify(given)}, expected localhost or an address, such as 0.0.0.0 for all addresses`,
  );
}

/**
 * Closes /metrics if other machines can connect: a client could claim to be on this machine, because the local runtime
 * believes its cf-connecting-ip. Without METRICS_TOKEN this sets a random one, so that only admins (NIP-98) can read it.
 */
export function withClosedMetrics(host: string, settings: Record<string, string>): Record<string, string> {
  const isForThisMachine = host === "localhost" || isLoopback(host);
  if (isForThisMachine || (settings["METRICS_TOKEN"] ?? "") !== "") return settings;
  return { ...settings, METRICS_TOKEN: randomUUID() };
}

/** Returns the addresses of the relay. If this machine can use one, it is the first. */
export function addressesOf(host: string, port: number): string[] {
  if (host === "localhost") return [`localhost:${port}`];
  const isAll = host === "0.0.0.0" || host === "::";
  if (!isAll) return [`${isIPv6(host) ? `[${host}]` : host}:${port}`];
  const others = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, family }) => !internal && family === "IPv4")
    .map(({ address }) => `${address}:${port}`);
  return [`localhost:${port}`, ...others];
}
