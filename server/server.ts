/** The relay as a server: it wires state, relay, aggregator and port. */
import { isIPv6 } from "node:net";
import { wait } from "../platforms/clock.ts";
import { configOf } from "../platforms/config.ts";
import { report } from "../platforms/report.ts";
import { sizedDatabase, StoreSize } from "../store/database/store-size.ts";
import { createServerAggregator } from "./aggregator.ts";
import { serveAssets } from "./assets.ts";
import { Background } from "./background.ts";
import { clientAddress } from "./client-address.ts";
import { listen } from "./listen.ts";
import { connectToItself } from "./own-socket.ts";
import { createServerRelay, type ServerRelay } from "./relay.ts";
import { createSockets } from "./sockets.ts";
import type { ServerOptions, StartServer } from "./start-server.ts";
import { observed } from "./requests.ts";
import { openState } from "./state.ts";
import { createServerTelemetry } from "./telemetry.ts";

const MINUTE = 60_000;
/** How long clients have to answer a Close frame, in milliseconds. */
const LONGEST_CLOSING = 1000;
/** How long work may go on after the last connection has ended, in milliseconds. What it has not finished, it finishes after the start. */
const LONGEST_ENDING = 4000;
/** Twice the longest message that the relay takes: it refuses what is a little longer with a reason. */
const LONGEST_FRAMES = 2;
/** Between two looks for spans to send, in milliseconds. */
const SPANS_PAUSE = 1000;
/** Between two writes of the sums of metrics, in milliseconds. */
const SUMS_PAUSE = 9000;
/** A proxy may end an event stream that is silent for half a minute. */
const BEAT_PAUSE = 15_000;

export const startServer: StartServer = async (options) => {
  const config = configOf(options.settings);
  const size = new StoreSize(config.MAX_STORE_BYTES);
  const state = openState(options.state);
  const database = sizedDatabase(state.database, size);
  // The gauges are asked for when there are hubs.
  const gauges = () => ({
    of: "server",
    values: { ...relay.hubs.gauges, ...(size.bytes !== undefined && { d1_size_bytes: size.bytes }) },
  });
  const { telemetry, kept, current, keep } = await createServerTelemetry(config, state.queueDatabase, gauges);
  const background = new Background();
  const own = ownAddress(options);
  const addressOf = (request: Request) => clientAddress(request, options.isBehindProxy);
  const shared = { config, database, size, telemetry, background: background.add };
  const relay: ServerRelay = createServerRelay({
    ...shared,
    sums: current,
    alerts: kept.alerts,
    connect: () => connectToItself(own),
    own,
    addressOf,
  });
  const aggregator = await createServerAggregator({
    ...shared,
    queueDatabase: state.queueDatabase,
    publish: (publications) => relay.hubs.publish(publications),
  });
  const sockets = createSockets({
    hubs: relay.hubs,
    address: config.RELAY_URL,
    addressOf,
    limiter: relay.limiter,
    background: background.add,
    telemetry,
    report,
  });
  const answer = observed(relay.answer, telemetry, background.add);
  const asset = serveAssets(options.pageFiles);
  const port = await listen({
    host: options.host,
    port: options.port,
    longestMessage: LONGEST_FRAMES * config.MAX_MESSAGE_LENGTH,
    fetch: (request) => asset(request) ?? answer(request),
    sockets: sockets.hooks,
  });
  // As on Workers, a mistake ends what has made it, and not the connections of everybody else. Commits are transactions.
  process.on("unhandledRejection", report).on("uncaughtException", report);
  const minute = () => {
    background.add(relay.minute(Date.now()).catch(report));
    background.add(aggregator.minute().catch(report));
  };
  minute();
  const timers = [
    setInterval(minute, MINUTE),
    setInterval(() => telemetry.flush(background.add), SPANS_PAUSE),
    setInterval(() => background.add(keep().catch(report)), SUMS_PAUSE),
    setInterval(() => background.add(relay.hubs.beat().catch(report)), BEAT_PAUSE),
  ];
  return {
    runMinuteJobs: minute,
    async stop() {
      for (const timer of timers) clearInterval(timer);
      relay.hubs.endAll();
      // Otherwise Deno closes them with another code.
      await Promise.race([sockets.closed(), wait(LONGEST_CLOSING)]);
      await port.close();
      background.add(aggregator.stop().catch(report));
      telemetry.flush(background.add);
      await background.ended(LONGEST_ENDING);
      await keep().catch(report);
      state.close();
      process.off("unhandledRejection", report).off("uncaughtException", report);
    },
  };
};

/** Returns the address at which the server reaches itself. */
function ownAddress({ host, port }: ServerOptions): string {
  const all: Record<string, string> = { "0.0.0.0": "127.0.0.1", "::": "::1" };
  const address = all[host] ?? host;
  return `ws://${isIPv6(address) ? `[${address}]` : address}:${port}`;
}
