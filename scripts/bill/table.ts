/** The bill as text. */
import { REGIONS } from "../../relay/session/regions.ts";
import { MEASURED } from "./measured.ts";
import { type Billed, costOf, DATABASE_GB, PLAN, type Price, PRICES } from "../../telemetry/prices.ts";
import { ASSUMED, type Traffic, usageOf } from "./usage.ts";

const LINES = Object.entries(PRICES) as [Billed, Price][];
const NUMBER = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });

/** Returns the dollars of a month. */
export function totalOf(traffic: Traffic): number {
  const usage = usageOf(traffic);
  return LINES.reduce((sum, [line, price]) => sum + costOf(price, usage[line]), PLAN);
}

export function billText(traffic: Traffic): string {
  const usage = usageOf(traffic);
  const bill = LINES.map(([line, price]) => [
    price.line,
    NUMBER.format(usage[line]),
    NUMBER.format(price.included),
    priceOf(price),
    dollars(costOf(price, usage[line])),
  ]);
  const others = othersOf(traffic).map(([what, other]) => [what, dollars(totalOf({ ...traffic, ...other }))]);
  return [
    summaryOf(traffic),
    aligned([
      ["", "a month", "included", "then", "dollars"],
      ["Workers Paid", "", "", "", dollars(PLAN)],
      ...bill,
      ["total", "", "", "", dollars(totalOf(traffic))],
    ]),
    aligned([["the same relay", "dollars"], ...others]),
    `Measured with this code: D1 rows, and calls of objects, for the events and REQs of tests/fixtures/typical-traffic.ts.
Assumed: connections and hubs as above, at most ${ASSUMED.cpuMilliseconds} ms of CPU for an invocation of a Worker, ${1000 * ASSUMED.callSeconds} ms for a call of an object.
Analytics Engine is not billed yet. Prices of November 2026:
${[...new Set(LINES.map(([, { page }]) => page))].join("\n")}
`,
  ].join("\n");
}

function summaryOf({
  connects,
  events,
  reqs,
  upstreams,
  live,
  hubs,
  rowsRead,
  rowsWritten,
}: Traffic): string {
  const [opened, stored, asked] = [connects, events, reqs].map((count) => NUMBER.format(count));
  return `A day: ${stored} events of ${rowsWritten} rows, ${asked} REQs of ${rowsRead} rows, ${opened} new connections.
Hubs awake: ${hubs}. Upstreams: ${upstreams}, in live mode: ${live}.
`;
}

type Other = [what: string, other: Partial<Traffic>];

/** Returns what else may happen to this relay. */
function othersOf(traffic: Traffic): Other[] {
  const fullAfter = Math.ceil((DATABASE_GB * 1e9) / (traffic.events * MEASURED.event.bytes));
  const whenFull: Other = [
    `after ${NUMBER.format(fullAfter)} days, when the database is full`,
    { days: fullAfter, retention: Infinity },
  ];
  const regions = Object.keys(REGIONS).length;
  return [
    ["without upstreams", { upstreams: 0, live: 0 }],
    ["with one more upstream in live mode", { live: traffic.live + 1 }],
    [`with a hub awake in ${regions} regions (HUB_REGIONS=continents)`, { hubs: regions * traffic.hubs }],
    ["when a REQ reads 1,000 rows of D1", { rowsRead: 1000 }],
    ...(Number.isFinite(fullAfter) && fullAfter <= traffic.retention ? [whenFull] : []),
    [
      "when it removes events after 30 days (RETENTION), from the second month on",
      { days: 60, retention: 30 },
    ],
  ];
}

export function priceOf({ dollars, amount }: Price): string {
  return `${dollars < 0.01 ? dollars : dollars.toFixed(2)} a ${amount === 1 ? "GB" : "million"}`;
}

function dollars(amount: number): string {
  return amount.toFixed(2);
}

/** The first column is text, the others are numbers. */
function aligned(rows: string[][]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    row
      .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join("   "),
  );
  return `${lines.join("\n")}\n`;
}
