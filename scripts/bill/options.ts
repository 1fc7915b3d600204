/** The command line of `npm run bill`. */
import { SETTINGS } from "../../relay/config.ts";
import { readOptions } from "../shared/options.ts";
import { UsageError } from "../shared/usage.ts";
import { MEASURED } from "./measured.ts";
import { DAYS_OF_MONTH, type Traffic } from "./usage.ts";

/** A connection lasts 72 minutes on average. */
const CONNECTS_OF_CONNECTION = 20;
const CAPACITY = SETTINGS.HUB_CAPACITY.default;

const HELP = `Usage: npm run bill -- [options]

Computes what Cloudflare bills for a relay in a month on the Workers Paid plan: from what this code takes for an EVENT, a
REQ, a connection and a pull, and from Cloudflare's prices. docs/operating.md explains it.

  --connections N     connections that are open (default 1000)
  --connects N        connections that are opened a day (default ${CONNECTS_OF_CONNECTION} for each open one)
  --events N          events that are stored a day (default 100000)
  --reqs N            REQs a day, each closed after EOSE (default 1000000)
  --upstreams N       upstreams that are pulled each minute, with the same events (default 10)
  --live N            upstreams in live mode, which keep an object awake each (default 0)
  --hubs N            hubs that are awake (default one for ${CAPACITY} connections)
  --days N            for how many days events have been stored, at the end of the month (default ${DAYS_OF_MONTH})
  --retention N       days that events are kept (default: for ever)
  --rows-written N    rows that an event writes in D1 (default ${MEASURED.event.rowsWritten})
  --rows-read N       rows that a REQ reads in D1 (default ${MEASURED.req.rowsRead})
  --help              print this text

Your relay's own figures: d1_rows_written_total and d1_rows_read_total in /metrics, divided by its events and REQs.
`;

/** Returns the traffic, or the text to print. */
export function readBillOptions(args: string[]): Traffic | string {
  const text = { type: "string" } as const;
  const { values } = readOptions(args, {
    connections: text,
    connects: text,
    events: text,
    reqs: text,
    upstreams: text,
    live: text,
    hubs: text,
    days: text,
    retention: text,
    "rows-written": text,
    "rows-read": text,
    help: { type: "boolean", default: false },
  });
  if (values.help) return HELP;
  const number = (name: keyof Omit<typeof values, "help">, usual: number) =>
    numberOf(values[name], name, usual);
  const connections = number("connections", 1000);
  return {
    connects: number("connects", CONNECTS_OF_CONNECTION * connections),
    events: number("events", 100_000),
    reqs: number("reqs", 1_000_000),
    upstreams: number("upstreams", 10),
    live: number("live", 0),
    hubs: number("hubs", Math.max(1, Math.ceil(connections / CAPACITY))),
    days: number("days", DAYS_OF_MONTH),
    retention: number("retention", Infinity),
    rowsWritten: number("rows-written", MEASURED.event.rowsWritten),
    rowsRead: number("rows-read", MEASURED.req.rowsRead),
  };
}

function numberOf(given: string | undefined, name: string, usual: number): number {
  if (given === undefined) return usual;
  if (/^\d{1,12}(\.\d{1,3})?$/.test(given)) return Number(given);
  throw new UsageError(`--${name} is ${JSON.stringify(given)}, expected a number from 0, such as 1000`);
}
