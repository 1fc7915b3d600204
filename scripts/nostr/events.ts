/** `events`: shows stored events, over HTTP. */
import { FILTER_HELP, FILTER_OPTIONS, filterOf } from "./filter-options.ts";
import { AUTH_OPTION } from "./auth-option.ts";
import { moveOn, PAGE, queryOf, readPage } from "./http-pages.ts";
import { readOptions } from "../shared/options.ts";
import { printEvent } from "./received-event.ts";
import { RELAY_HELP, RELAY_OPTION, relayUrl } from "../shared/relay-option.ts";
import { timeoutHelp, TIMEOUT_OPTION, timeoutOf } from "./timeout-option.ts";
import { UsageError } from "../shared/usage.ts";

export const summary = "show stored events over HTTP";
export const help = `Usage: npm run nostr -- events [options]

Prints the stored events that match all options, read over HTTP. Separate the items of a LIST by commas, or
repeat the option.

  --amount N         print at most N events (default 20); --limit is the same
  --orderBy ORDER    desc (newest first, default) or asc (oldest first); --order is the same
  --keyword TEXT     events whose content contains this exact text
${FILTER_HELP}  --json             print each event as one line of JSON
  --auth             sign each request with the key in NOSTR_SECRET_KEY (NIP-98)
${timeoutHelp("30")}${RELAY_HELP}`;

export async function run(args: string[]): Promise<void> {
  const { values } = readOptions(args, {
    ...RELAY_OPTION,
    ...TIMEOUT_OPTION,
    ...FILTER_OPTIONS,
    ...AUTH_OPTION,
    amount: { type: "string" },
    orderBy: { type: "string" },
    order: { type: "string" },
    keyword: { type: "string" },
    json: { type: "boolean", default: false },
  });
  const relay = relayUrl(values.relay);
  const timeout = timeoutOf(values.timeout);
  const { limit, ...conditions } = values;
  const query = queryOf(filterOf(conditions));
  const amount = readAmount(values.amount ?? limit ?? "20", values.amount === undefined ? "limit" : "amount");
  const order = values.orderBy ?? values.order;
  if (order !== undefined && order !== "asc" && order !== "desc") {
    const name = values.orderBy === undefined ? "order" : "orderBy";
    throw new UsageError(`--${name} is ${JSON.stringify(order)}, expected asc or desc`);
  }
  if (order !== undefined && values.search !== undefined)
    throw new UsageError("--search puts the best match first: remove --order");
  if (order !== undefined) query.set("order", order);
  if (values.keyword === "") throw new UsageError("--keyword is empty, expected some text");
  if (values.keyword !== undefined) query.set("keyword", values.keyword);

  for (let left = amount; left > 0;) {
    query.set("limit", String(Math.min(left, PAGE)));
    const { events, cursor } = await readPage(relay, query, { auth: values.auth, timeout });
    for (const event of events.slice(0, left)) await printEvent(event, values.json);
    left -= events.length;
    if (cursor === null) return;
    moveOn(query, cursor);
  }
}

function readAmount(given: string, name: string): number {
  if (!/^[1-9]\d{0,8}$/.test(given))
    throw new UsageError(`--${name} is ${JSON.stringify(given)}, expected a number from 1`);
  return Number(given);
}
