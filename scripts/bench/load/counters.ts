/** The rows that a relay of this project counts, from its /metrics. Other relays have none. */
import { setTimeout } from "node:timers/promises";
import { httpUrl } from "../../shared/relay-option.ts";

export interface Rows {
  read: number;
  written: number;
}

const POLL_MILLISECONDS = 400;
/** With `npm start`, hubs send their counts once a second. */
const STILL_MILLISECONDS = 1600;
const MOST_MILLISECONDS = 15_000;

/** Where the rows are used: the label of the counters. Reading /metrics counts as http. */
export type Source = "websocket" | "http";

/** Returns the rows so far, when the counts have arrived; undefined if the relay does not tell. */
export async function rowsOf(relay: string, source: Source): Promise<Rows | undefined> {
  const until = performance.now() + MOST_MILLISECONDS;
  let last = await countersOf(relay, source);
  let changed = performance.now();
  while (last && performance.now() < until && performance.now() - changed < STILL_MILLISECONDS) {
    await setTimeout(POLL_MILLISECONDS);
    const now = await countersOf(relay, source);
    if (now && source === "websocket" && (now.read !== last.read || now.written !== last.written))
      changed = performance.now();
    last = now;
  }
  return last;
}

async function countersOf(relay: string, source: Source): Promise<Rows | undefined> {
  const text = await metrics(relay);
  const counter = (name: string) => {
    // Before version 0.3.0 the name did not end in _total.
    const line = new RegExp(`^${name}(?:_total)?\\{source="${source}"\\} (\\d+)`, "m");
    const [, amount] = line.exec(text ?? "") ?? [];
    return amount === undefined ? undefined : Number(amount);
  };
  const [read, written] = [counter("d1_rows_read"), counter("d1_rows_written")];
  return read === undefined || written === undefined ? undefined : { read, written };
}

async function metrics(relay: string): Promise<string | undefined> {
  const response = await fetch(httpUrl(relay, "metrics")).catch(() => undefined);
  const text = await response?.text();
  return response?.ok ? text : undefined;
}
