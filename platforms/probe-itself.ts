/** The relay's test of itself, on the path of a client's connection to a hub. */
import type { Config } from "../relay/config.ts";
import { probe, type ProbeDeps, type ProbeResult, TRIES } from "../relay/watch/probe.ts";
import type { ProbeSocket } from "../relay/watch/probe-line.ts";
import { unixSeconds, wait } from "./clock.ts";
import { bytesToHex } from "@noble/hashes/utils.js";

/** `connect` opens a connection to this relay, as if it were at the address. `own` is the address of a relay without RELAY_URL. */
export function probeItself(
  config: Pick<Config, "RELAY_URL" | "RELAY_SECRET_KEY">,
  { connect, own = "wss://relay.invalid" }: { connect(address: string): Promise<ProbeSocket>; own?: string },
  tries = TRIES,
): Promise<ProbeResult> {
  const address = config.RELAY_URL === "" ? own : config.RELAY_URL;
  const deps: ProbeDeps = {
    connect: () => connect(address),
    // Without a key of its own, the relay makes one for each test: relays without one are tested too.
    secret: config.RELAY_SECRET_KEY === "" ? throwAwayKey() : config.RELAY_SECRET_KEY,
    address,
    now: unixSeconds,
    milliseconds: Date.now,
    wait,
  };
  return probe(deps, tries);
}

/** Returns a secret key in hex. Random bytes are not a valid key with a probability of 2^-128. */
function throwAwayKey(): string {
  return bytesToHex(crypto.getRandomValues(new Uint8Array(32)));
}
