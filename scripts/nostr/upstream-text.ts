/** Upstreams as text: a table of all, and what is known about one. */
import type { FilterStatus, UpstreamStatus } from "../../store/upstreams/upstream-status.ts";
import type { UpstreamFilter, UpstreamSettings } from "../../store/upstreams/upstream-settings.ts";
import { oneLine } from "../shared/printing.ts";
import { coverageLines, shareOfAll } from "./coverage-text.ts";
import { textTable } from "./table.ts";
import { countOf, lengthOf, severalOf, sizeOf, timeOf } from "../shared/units.ts";

const COLUMNS = [
  "UPSTREAM",
  "STATE",
  "LAG",
  "GAPS",
  "LOST",
  "HERE",
  "RECEIVED",
  "NEW",
  "LAST SUCCESS",
  "NEXT PULL",
];
const LONGEST_REASON = 60;

/** Returns a table with one line for each upstream. `now` is in Unix seconds. */
export function tableOf(upstreams: UpstreamStatus[], now: number): string {
  return textTable(
    COLUMNS,
    upstreams.map((upstream) => rowOf(upstream, now)),
  );
}

function rowOf(upstream: UpstreamStatus, now: number): string[] {
  const { url, state, lag, filters, health, nextPull, isLeased } = upstream;
  const reason = state === "failing" ? oneLine(health.lastFailure?.reason ?? "") : "";
  return [
    oneLine(url),
    state,
    lag === null ? "-" : lengthOf(lag),
    countOf(sum(filters, ({ gapCount }) => gapCount)),
    countOf(sum(filters, ({ lostCount }) => lostCount)),
    shareOfAll(filters),
    countOf(health.received),
    countOf(health.queued),
    health.lastSuccess === undefined ? "never" : `${lengthOf(now - health.lastSuccess)} ago`,
    isLeased ? "running" : nextPullOf(nextPull, now),
    reason.slice(0, LONGEST_REASON),
  ];
}

/** Returns what is known about one upstream, in lines. `now` is in Unix seconds. */
export function statusText(upstream: UpstreamStatus, now: number): string {
  const { url, origin, failures, lag, filters, health, nextPull, isLeased, settings, backfills, live } =
    upstream;
  const { onward } = upstream;
  const times = failures > 0 ? `, ${severalOf(failures, "failure")} since the last progress` : "";
  const lines: [name: string, value: string][] = [
    ["state", `${STATES[upstream.state]}${times}`],
    ["named by", ORIGINS[origin]],
    ...(settings ? settingsLines(settings) : []),
    ["last success", health.lastSuccess === undefined ? "never" : ago(health.lastSuccess, now)],
    ["last failure", failureOf(health.lastFailure, now)],
    ["next pull", isLeased ? "runs, or waits in the queue" : nextPullOf(nextPull, now)],
    ["lag", lag === null ? "unknown: not every filter has been pulled" : lengthOf(lag)],
    ...filters.flatMap((filter) => filterLines(filter, filters.length > 1)),
    ...(backfills.length > 0 ? ([["waiting", backfills.map(rangeOf).join("; ")]] as [string, string][]) : []),
    ["events", `${countOf(health.received)} received, ${countOf(health.queued)} of them new`],
    [
      "pulls",
      `${countOf(health.pulls)}, of which ${countOf(health.failures)} failed; ${sizeOf(health.bytes)}`,
    ],
    ...(live ? ([["live", liveOf(live, now)]] as [string, string][]) : []),
    ...(onward ? onwardLines(onward, now) : []),
    ["relay", relayOf(health)],
  ];
  return [oneLine(url), ...lines.map(([name, value]) => `  ${name.padEnd(13)} ${value}`)].join("\n");
}

const STATES: Record<UpstreamStatus["state"], string> = {
  new: "new: no pull has ended yet",
  ok: "ok",
  failing: "failing",
  paused: "paused",
  out: "only published to",
  unlisted: "not pulled: UPSTREAMS does not name it any more",
  unknown: "not pulled: a later version of the relay wrote its settings",
};

const ORIGINS: Record<UpstreamStatus["origin"], string> = {
  settings: "the setting UPSTREAMS",
  operator: "an operator",
  outbox: "the outbox of followed authors",
};

function settingsLines({ filters, direction, live, ...rest }: UpstreamSettings): [string, string][] {
  const { interval, history, rate } = rest;
  const how = [
    direction,
    ...(live ? ["live"] : []),
    ...(interval === undefined ? [] : [`every ${lengthOf(interval)}`]),
    ...(history === undefined ? [] : [`history ${history === "all" ? "all" : lengthOf(history)}`]),
    ...(rate === undefined ? [] : [`${severalOf(rate, "request")} a minute`]),
  ];
  return [
    ["asks for", filters.map(filterOf).join("; ")],
    ["settings", how.join(", ")],
  ];
}

function filterOf(filter: UpstreamFilter): string {
  const parts = Object.entries(filter).map(([field, values]: [string, (string | number)[]]) =>
    field === "authors" ? severalOf(values.length, "author") : `${field} ${values.join(",")}`,
  );
  return parts.length === 0 ? "everything" : oneLine(parts.join(" "));
}

/** Lists the first gaps and lost ranges of a filter. With one filter its name says nothing. */
function filterLines(status: FilterStatus, isOneOfSeveral: boolean): [string, string][] {
  const { filter, pulledTo, gaps, gapCount, lost, lostCount } = status;
  const name: [string, string][] = isOneOfSeveral ? [["filter", filterOf(filter)]] : [];
  return [
    ...name,
    ["pulled to", pulledTo === undefined ? "not pulled yet" : timeOf(pulledTo)],
    ["gaps", listOf(gaps.map(rangeOf), gapCount)],
    [
      "lost",
      listOf(
        lost.map((range) => `${rangeOf(range)} (${oneLine(range.reason)})`),
        lostCount,
      ),
    ],
    ...coverageLines(status),
  ];
}

const MOST_RANGES = 5;
const MOST_REFUSALS = 5;

function listOf(ranges: string[], count: number): string {
  if (count === 0) return "none";
  const rest = count > MOST_RANGES ? `; and ${countOf(count - MOST_RANGES)} more` : "";
  return `${countOf(count)}: ${ranges.slice(0, MOST_RANGES).join("; ")}${rest}`;
}

function rangeOf({ since, until }: { since: number; until: number }): string {
  return `${timeOf(since)} to ${timeOf(until)}`;
}

function relayOf({
  latency,
  announcedLimit,
  learntLimit,
  speaksNegentropy,
  wantsAuth,
}: UpstreamStatus["health"]): string {
  const known = [
    ...(latency === undefined ? [] : [`opens in ${countOf(latency)} ms`]),
    ...(announcedLimit === undefined ? [] : [`announces limit ${countOf(announcedLimit)}`]),
    ...(learntLimit === undefined ? [] : [`gives ${countOf(learntLimit)} at once`]),
    ...(speaksNegentropy === undefined ? [] : [speaksNegentropy ? "speaks NIP-77" : "does not speak NIP-77"]),
    ...(wantsAuth ? ["wants AUTH"] : []),
  ];
  return known.length === 0 ? "nothing is known yet" : known.join(", ");
}

function liveOf(live: NonNullable<UpstreamStatus["live"]>, now: number): string {
  const { connectedSince, lastEvent, lastDrop, drops, events } = live;
  return [
    connectedSince === undefined ? "not connected" : `connected since ${ago(connectedSince, now)}`,
    `${severalOf(events, "event")}${lastEvent === undefined ? "" : `, the last ${lengthOf(now - lastEvent)} ago`}`,
    ...(lastDrop ? [`${severalOf(drops, "drop")}, the last ${failureOf(lastDrop, now)}`] : []),
  ].join("; ");
}

/** Says what the relay answered to the events that are published to it. */
function onwardLines(onward: NonNullable<UpstreamStatus["onward"]>, now: number): [string, string][] {
  const { accepted, known, refused, refusals, failures, problem } = onward;
  const fails = problem === undefined ? "" : `; fails (${severalOf(failures, "time")}): ${oneLine(problem)}`;
  const sums = `${countOf(accepted)} accepted, ${countOf(known)} known, ${countOf(refused)} refused${fails}`;
  return [
    ["published", sums],
    ...refusals
      .slice(0, MOST_REFUSALS)
      .map(({ id, reason, at }): [string, string] => [
        "refused",
        `${oneLine(id)}, ${ago(at, now)}: ${oneLine(reason)}`,
      ]),
  ];
}

function failureOf(failure: { at: number; reason: string } | undefined, now: number): string {
  return failure === undefined ? "never" : `${ago(failure.at, now)}: ${oneLine(failure.reason)}`;
}

function ago(at: number, now: number): string {
  return `${timeOf(at)} (${lengthOf(now - at)} ago)`;
}

function nextPullOf(nextPull: number | null, now: number): string {
  if (nextPull === null) return "none";
  return nextPull <= now ? "within a minute" : `in ${lengthOf(nextPull - now)}`;
}

function sum<T>(items: T[], amount: (item: T) => number): number {
  return items.reduce((total, item) => total + amount(item), 0);
}
