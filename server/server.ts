/** The relay as a server: it wires state, relay, aggregator and port. */
import { withoutStackTraces } from "../http/mistake.ts";
import { wait } from "../platforms/clock.ts";
import { configOf } from "../platforms/config.ts";
import { report } from "../platforms/report.ts";
import { networkOf } from "../relay/limits/client.ts";
import { CONNECTION_COST } from "../relay/limits/cost.ts";
import { sizedDatabase, StoreSize } from "../store/store-size.ts";
import { createServerAggregator } from "./aggregator.ts";
import { serveAssets } from "./assets.ts";
import { Background } from "./background.ts";
import { clientAddress } from "./client-address.ts";
import { listen } from "./listen.ts";
import { connectToItself } from "./own-socket.ts";
import { createServerRelay, type ServerRelay } from "./relay.ts";
import { createSockets } from "./sockets.ts";
import type { StartServer } from "./start-server.ts";
import { openState } from "./state.ts";
import { createServerTelemetry } from "./telemetry.ts";

const MINUTE = 60_000;
/** How long clients have to answer a Close frame, in milliseconds. */
const LONGEST_CLOSING = 1000;
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
  const gauges = () => ({ of: "server", values: relay.hubs.gauges });
  const { telemetry, kept, current, keep } = await createServerTelemetry(config, state.queueDatabase, gauges);
  const background = new Background();
  const own = `ws://localhost:${options.port}`;
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
    refuse(request) {
      const client = { network: networkOf(addressOf(request)), keys: [] };
      const refusal = relay.limiter.limit(client, "websocket");
      relay.limiter.charge(client, CONNECTION_COST);
      return refusal;
    },
    report,
  });
  const answer = withoutStackTraces(relay.answer, report);
  const asset = serveAssets(options.assets);
  const port = await listen({
    host: options.host,
    port: options.port,
    fetch: (request) => asset(request) ?? answer(request),
    sockets: sockets.hooks,
  });
  const minute = () => {
    background.add(relay.minute(Date.now()).catch(report));
    background.add(aggregator.minute().catch(report));
  };
  minute();
  const timers = [
    setInterval(minute, MINUTE),
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
      await aggregator.stop();
      await background.ended();
      await keep();
      state.close();
    },
  };
};
