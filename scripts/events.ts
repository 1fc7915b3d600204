/** Shows stored events, over HTTP. */
import { parseArgs } from "node:util";
import { readJson } from "./http-client.ts";
import { printEvent } from "./received-event.ts";
import { RELAY_HELP, RELAY_OPTION, relayUrl } from "./relay-option.ts";
import { CommandError, UsageError } from "./usage.ts";

export const summary = "show stored events over HTTP";
export const help = `Usage: npm run nostr -- events [options]

Prints stored events, read over HTTP.

  --amount N         how many (default 20)
  --orderBy ORDER    desc: newest first (default); asc: oldest first
  --keyword TEXT     only those whose content contains this text
  --json             one event in JSON on each line
${RELAY_HELP}`;

/** More are read page by page. */
const PAGE = 500;

export async function run(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      ...RELAY_OPTION,
      amount: { type: "string", default: "20" },
      orderBy: { type: "string", default: "desc" },
      keyword: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const relay = relayUrl(values.relay);
  if (!/^[1-9]\d{0,8}$/.test(values.amount))
    throw new UsageError(`--amount is ${JSON.stringify(values.amount)}, expected a number from 1`);
  if (values.orderBy !== "asc" && values.orderBy !== "desc")
    throw new UsageError(`--orderBy is ${JSON.stringify(values.orderBy)}, expected asc or desc`);
  if (values.keyword === "") throw new UsageError("--keyword is empty, expected some text");
  const query = new URLSearchParams({ order: values.orderBy });
  if (values.keyword !== undefined) query.set("keyword", values.keyword);

  for (let left = Number(values.amount); left > 0;) {
    query.set("limit", String(Math.min(left, PAGE)));
    const { events, cursor } = await readPage(relay, query);
    for (const event of events.slice(0, left)) await printEvent(event, values.json);
    left -= events.length;
    if (cursor === null) return;
    if (events.length === 0) throw new CommandError("the relay gave a page with no events, and a cursor");
    query.set("cursor", cursor);
  }
}

async function readPage(
  relay: string,
  query: URLSearchParams,
): Promise<{ events: unknown[]; cursor: string | null }> {
  const body = (await readJson(relay, `api/v1/events?${query}`)) as {
    events?: unknown;
    cursor?: unknown;
  } | null;
  const { events, cursor } = body ?? {};
  if (!Array.isArray(events) || !(cursor === null || typeof cursor === "string"))
    throw new CommandError(`what ${relay} answered is no page of events`);
  return { events, cursor };
}
