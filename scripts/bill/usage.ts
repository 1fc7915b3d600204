/** What a relay uses in a month, in the units that Cloudflare bills. */
import { MEASURED } from "./measured.ts";
import {
  type Billed,
  DATABASE_GB,
  OBJECT_GB,
  OPERATIONS_PER_MESSAGE,
  REQUESTS_PER_MESSAGE,
} from "../../telemetry/prices.ts";

export interface Traffic {
  /** Connections that are opened a day. */
  connects: number;
  /** Events that are stored a day. */
  events: number;
  /** REQs a day. Each is closed after EOSE. */
  reqs: number;
  upstreams: number;
  /** Upstreams in live mode. Their connections keep an object awake each. */
  live: number;
  /** Hubs that are awake. */
  hubs: number;
  /** For how many days events have been stored, at the end of the month. */
  days: number;
  /** For how many days events are kept. Infinity: for ever. */
  retention: number;
  /** D1 rows that a stored event writes, and that a REQ reads. */
  rowsWritten: number;
  rowsRead: number;
}

export const DAYS_OF_MONTH = 30;
const SECONDS_OF_DAY = 86_400;
const MINUTES_OF_DAY = 1440;

/** The hub's alarm and that of the counters fire at most this often. tests/workerd/relay/counts-alarm.test.ts tests it. */
const COUNTS_SECONDS = 9;
/** How long a message keeps a hub awake, at most: after a REQ it waits whether the client closes it (relay/session/settling.ts). */
const SECONDS_OF_MESSAGE = 1;
/** How many times a day's events are asked of an upstream: 15 minutes each minute, and three days once (aggregator/turn/cursor.ts). */
const TIMES_ASKED = 15 + 3;

/** Assumed, on the high side. They depend on the network and on Cloudflare's machines, so nothing here can measure them. */
export const ASSUMED = {
  /** CPU time of an invocation of a Worker. */
  cpuMilliseconds: 10,
  /** How long a call keeps the switchboard or the counters awake. */
  callSeconds: 0.05,
  /** Errors and warnings. */
  logBytes: 1_000_000,
};

/** Returns the amount of each line of the bill. */
export function usageOf(traffic: Traffic): Record<Billed, number> {
  const { connects, events, reqs, upstreams, live, hubs, rowsRead, rowsWritten } = traffic;
  const { event, removal, req, connection, pull, known, minute } = MEASURED;
  const pulls = upstreams * MINUTES_OF_DAY;
  // Each pull finds something new, at most.
  const bundles = pulls;
  const crons = (upstreams > 0 ? 2 : 1) * MINUTES_OF_DAY;
  const messages = events + 2 * reqs + connection.messages * connects;
  const invocations = connects + crons + pulls + bundles;
  const calls = events * event.calls + reqs * req.calls + connects * connection.calls + bundles;
  // Other hubs get what one has stored, and all get what was pulled.
  const deliveries = events * (hubs - 1) + bundles * hubs;
  const alarms = Math.min(messages, SECONDS_OF_DAY / COUNTS_SECONDS);
  const sendings = hubs * alarms + invocations;
  const awake = Math.min(hubs * SECONDS_OF_DAY, (reqs + events + connects) * SECONDS_OF_MESSAGE);
  const { removed, stored } = storedOf(traffic);
  const daily: Omit<Record<Billed, number>, "storage"> = {
    requests: invocations,
    cpu: invocations * ASSUMED.cpuMilliseconds,
    objectRequests:
      messages * REQUESTS_PER_MESSAGE +
      connects +
      calls +
      deliveries +
      (hubs + 1) * alarms +
      sendings +
      live * MINUTES_OF_DAY,
    objectDuration: (awake + live * SECONDS_OF_DAY + (calls + sendings) * ASSUMED.callSeconds) * OBJECT_GB,
    // The hub's position; the alarms, and the counters' sums; the subscriptions of a connection that are too long for its attachment.
    objectRowsWritten: events * event.objectRows + deliveries + (hubs + 2) * alarms + 2 * connects,
    rowsRead:
      events * event.rowsRead +
      removed * removal.rowsRead +
      reqs * rowsRead +
      connects * connection.rowsRead +
      pulls * pull.rowsRead +
      upstreams * events * TIMES_ASKED * known.rowsRead +
      MINUTES_OF_DAY * minute.rowsRead,
    rowsWritten:
      events * rowsWritten + removed * removal.rowsWritten + pulls * pull.rowsWritten + live * MINUTES_OF_DAY,
    queueOperations: (pulls + bundles) * OPERATIONS_PER_MESSAGE,
    // The counts of a queue's invocation have two sources.
    points: sendings + pulls + bundles,
    logs: ASSUMED.logBytes / 1e9,
  };
  const month = Object.entries(daily).map(([line, amount]) => [line, DAYS_OF_MONTH * amount]);
  return { ...(Object.fromEntries(month) as Record<Billed, number>), storage: stored };
}

/** Returns the events that are removed a day, and the size of the database in GB at the end of the month. */
function storedOf({ events, days, retention }: Traffic): { removed: number; stored: number } {
  const gigabytesOfDay = (events * MEASURED.event.bytes) / 1e9;
  return {
    removed: days > retention ? events : 0,
    stored: Math.min(DATABASE_GB, Math.min(days, retention) * gigabytesOfDay),
  };
}
