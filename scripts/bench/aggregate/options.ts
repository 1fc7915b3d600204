/** The command line of `npm run bench -- aggregate`. */
import { readOptions } from "../../shared/options.ts";
import { numberOf } from "../number-option.ts";

export interface AggregateOptions {
  /** Directories of checkouts. */
  relays: string[];
  events: number;
}

const USUAL = "50000";
const QUICK = "5000";

const HELP = `Usage: npm run bench -- aggregate [options]

Starts three upstreams, each of which shares four fifths of its events with the others, and a relay that pulls them into an
empty database. Checks that each event is stored once. Prints a table. docs/performance.md says how to read it.

  --relay DIR         a checkout of this project; may be repeated (default: this checkout)
  --events N          different events on the upstreams (default ${USUAL}); some replace others and are left out
  --quick             ${QUICK} events
  --help              print this text
`;

/** Returns what to measure, or the text to print. */
export function readAggregateOptions(args: string[]): AggregateOptions | string {
  const options = {
    relay: { type: "string", multiple: true, default: [] as string[] },
    events: { type: "string" },
    quick: { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  } as const;
  const { values } = readOptions(args, options, 0);
  if (values.help) return HELP;
  return {
    relays: values.relay.length === 0 ? ["."] : values.relay,
    events: numberOf(values.events ?? (values.quick ? QUICK : USUAL), "events"),
  };
}
