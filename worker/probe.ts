/** The relay's test of itself, on the path of a client's connection to a hub. */
import type { Config } from "../relay/config.ts";
import { probe, type ProbeDeps, type ProbeResult, TRIES } from "../relay/watch/probe.ts";
import type { ProbeSocket } from "../relay/watch/probe-line.ts";
import { unixSeconds, wait } from "../platforms/clock.ts";
import { bytesToHex } from "@noble/hashes/utils.js";

/** A relay without an address is tested at this one. */
const ADDRESS = "wss://relay.invalid";

/** `connect` answers a client's request for a WebSocket. */
export function probeItself(
  config: Pick<Config, "RELAY_URL" | "RELAY_SECRET_KEY">,
  connect: (request: Request) => Promise<Response>,
  tries = TRIES,
): Promise<ProbeResult> {
  const address = config.RELAY_URL === "" ? ADDRESS : config.RELAY_URL;
  const deps: ProbeDeps = {
    connect: () => open(connect, address),
    // Without a key of its own, the relay makes one for each test: relays without one are tested too.
    secret: config.RELAY_SECRET_KEY === "" ? throwAwayKey() : config.RELAY_SECRET_KEY,
    address,
    now: unixSeconds,
    milliseconds: Date.now,
    wait,
  };
  return probe(deps, tries);
}

async function open(connect: (request: Request) => Promise<Response>, address: string): Promise<ProbeSocket> {
  const url = new URL("/", address.replace(/^ws/, "http"));
  const response = await connect(new Request(url, { headers: { upgrade: "websocket" } }));
  const socket = response.webSocket;
  if (!socket) throw new Error(`a connection was answered with ${response.status}: ${await response.text()}`);
  return {
    send: (frame) => socket.send(frame),
    close: () => socket.close(1000, "done"),
    listen(onFrame, onEnd) {
      socket.addEventListener("message", ({ data }) => onFrame(String(data)));
      socket.addEventListener("close", ({ code, reason }) => onEnd(`${code} ${reason}`.trim()));
      socket.addEventListener("error", () => onEnd("connection error"));
      socket.accept();
    },
  };
}

/** Returns a secret key in hex. Random bytes are none with a probability of 2^-128. */
function throwAwayKey(): string {
  return bytesToHex(crypto.getRandomValues(new Uint8Array(32)));
}
