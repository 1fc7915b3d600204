/** All charts of the page. */
import type { StatsAnswer } from "../../telemetry/stats-answer.ts";
import { kindName } from "../parts/kind-names.ts";
import { sizeOf } from "../parts/size.ts";
import type { ChartProps } from "./chart/chart-props.ts";
import { Chart } from "./chart/chart.tsx";
import { number, orDash, seconds } from "./figures/format.ts";
import { gaugeOf, lastKnown, lastOf, type Line, rateOf, ratesBy, sumOf, timesBy } from "./figures/lines.ts";
import type { Gauges } from "./figures/gauges.ts";

const SOURCES: Record<string, string> = {
  websocket: "WebSocket",
  http: "HTTP",
  queue: "Upstreams, by the queue",
  upstream: "Connections to upstreams",
  cron: "Minute jobs",
};

type Specific = Omit<ChartProps, "times" | "step">;
interface Group {
  title: string;
  charts: Specific[];
}

export function Charts({ stats, gauges }: { stats: StatsAnswer; gauges: Gauges | undefined }) {
  const groups: Group[] = [
    { title: "Clients", charts: clients(stats) },
    { title: "Events", charts: events(stats) },
    { title: "Times", charts: times(stats) },
    { title: "Queue and database", charts: [...queue(stats, gauges), ...database(stats, gauges)] },
    { title: "Upstreams", charts: upstreams(stats) },
  ];
  return groups.map(({ title, charts }) => (
    <section key={title} class="chart-group" aria-label={title}>
      <h2>{title}</h2>
      <div class="chart-grid">
        {charts.map((chart) => (
          <Chart key={chart.title} {...chart} times={stats.times} step={stats.step} />
        ))}
      </div>
    </section>
  ));
}

function clients(stats: StatsAnswer): Specific[] {
  const connections = gaugeOf(stats, "connections", "Connections");
  const messages = rateOf(stats, "message_received_counts", "Messages from clients", { source: "websocket" });
  const delivered = rateOf(stats, "events_delivered_total", "Events sent to subscriptions");
  return [
    {
      title: "Connections and subscriptions",
      about: "Open at the end of each step, as the hubs last reported.",
      lines: [connections, gaugeOf(stats, "subscriptions", "Subscriptions")],
      shape: "lines",
      format: number,
      current: { value: orDash(lastOf(connections), number), of: "connected" },
      empty: "No hub has reported in this time.",
    },
    {
      title: "Messages",
      about: "What clients send, and events that reach their live subscriptions.",
      lines: [messages, delivered],
      shape: "lines",
      format: aSecond,
      current: { value: orDash(lastOf(messages), number), of: "messages a second" },
      empty: "Nothing was counted in this time.",
    },
  ];
}

function events(stats: StatsAnswer): Specific[] {
  const byKind = ratesBy(stats, "events_stored_total", "kind", (kind) =>
    kind === "other" ? "Other kinds" : `${kindName(Number(kind))} (${kind})`,
  );
  const bySource = ratesBy(stats, "events_stored_total", "source", (source) => SOURCES[source] ?? source);
  const refused = ratesBy(stats, "events_refused_total", "reason").map(aMinute);
  const stored = { value: orDash(lastSum(stats, byKind), number), of: "events a second" };
  const nothing = "No event was stored in this time.";
  return [
    {
      title: "Events stored, by kind",
      about: "Kinds that are not told apart are “other”.",
      lines: byKind,
      shape: "bars",
      format: aSecond,
      current: stored,
      empty: nothing,
    },
    {
      title: "Events stored, by source",
      about: "How the events came in.",
      lines: bySource,
      shape: "bars",
      format: aSecond,
      current: stored,
      empty: nothing,
    },
    {
      title: "Events refused, by reason",
      about: "The first word of the answer to the client (NIP-01).",
      lines: refused,
      shape: "bars",
      format: (value) => `${number(value)}/min`,
      current: { value: orDash(lastSum(stats, refused), number), of: "events a minute" },
      empty: "No event was refused in this time.",
    },
    {
      title: "Clients slowed down",
      about: "Messages and requests that RATE_LIMIT refused, by source.",
      lines: ratesBy(stats, "clients_limited_total", "source", (source) => SOURCES[source] ?? source).map(
        aMinute,
      ),
      shape: "bars",
      format: (value) => `${number(value)}/min`,
      current: {
        value: orDash(lastOf(aMinute(rateOf(stats, "clients_limited_total", ""))), number),
        of: "refusals a minute",
      },
      empty: "No client was slowed down in this time.",
    },
  ];
}

function times(stats: StatsAnswer): Specific[] {
  const chart = (title: string, about: string, lines: Line[], of: string): Specific => ({
    title,
    about,
    lines,
    shape: "lines",
    isLogarithmic: true,
    format: seconds,
    current: { value: orDash(slowest(lines), seconds), of },
    empty: "Nothing was measured in this time.",
  });
  const ofMessages = (share: "p50" | "p99") =>
    timesBy(stats, { name: "message_seconds", label: "verb", share });
  return [
    chart(
      "Half of all messages (p50)",
      "Time until everything is sent that a message asks for, by verb.",
      ofMessages("p50"),
      "or less, for half of them",
    ),
    chart(
      "The slowest messages (p99)",
      "99 of 100 take less. Estimated from few buckets.",
      ofMessages("p99"),
      "or less, for 99 of 100",
    ),
    chart(
      "HTTP requests (p99)",
      "Time until the answer begins, by route.",
      timesBy(stats, { name: "http_request_seconds", label: "route", share: "p99" }),
      "or less, for 99 of 100",
    ),
    chart(
      "Commits (p99)",
      "Time of one commit of events in the database, by source.",
      timesBy(
        stats,
        { name: "commit_seconds", label: "source", share: "p99" },
        (source) => SOURCES[source] ?? source,
      ),
      "or less, for 99 of 100",
    ),
  ];
}

function queue(stats: StatsAnswer, gauges: Gauges | undefined): Specific[] {
  const waiting = gaugeOf(stats, "queue_messages", "Waiting messages");
  const dead = aMinute(rateOf(stats, "events_dead_total", "Dead letters"));
  return [
    {
      title: "Queue of events",
      about: "Messages from upstreams that wait to be stored.",
      lines: [waiting],
      shape: "lines",
      format: number,
      current: { value: orDash(lastOf(waiting), number), of: "messages" },
      empty: "The aggregator has reported nothing in this time.",
    },
    {
      title: "Dead letters",
      about: "Events from upstreams that can never be stored.",
      lines: [dead],
      shape: "bars",
      format: (value) => `${number(value)}/min`,
      current: { value: orDash(gauges?.deadLetters ?? null, number), of: "in the database" },
      empty: "Nothing was counted in this time.",
    },
  ];
}

function upstreams(stats: StatsAnswer): Specific[] {
  const pulls = ratesBy(stats, "pulls_total", "outcome").map(aMinute);
  return [
    {
      title: "Pulls of upstreams, by outcome",
      about: "Unfinished: the upstream answers, but work remains.",
      lines: pulls,
      shape: "bars",
      format: (value) => `${number(value)}/min`,
      current: { value: orDash(lastSum(stats, pulls), number), of: "pulls a minute" },
      empty: "No upstream was pulled in this time.",
    },
  ];
}

function database(stats: StatsAnswer, gauges: Gauges | undefined): Specific[] {
  const size = gaugeOf(stats, "d1_size_bytes", "Size");
  const rows = [
    rateOf(stats, "d1_rows_read_total", "Rows read"),
    rateOf(stats, "d1_rows_written_total", "Rows written"),
  ];
  const limit = gauges?.sizeLimit;
  return [
    {
      title: "Storage",
      about: "Size of the database, with its indexes and all that is not an event.",
      lines: [size],
      shape: "lines",
      format: sizeOf,
      current: { value: orDash(lastOf(size), sizeOf), of: limit ? `of at most ${sizeOf(limit)}` : "" },
      empty: "Nobody has reported the size in this time.",
    },
    {
      title: "Rows",
      about: "Rows that the database read and wrote, as they are billed.",
      lines: rows,
      shape: "lines",
      format: aSecond,
      current: { value: orDash(lastOf(rows[0] ?? size), number), of: "rows read a second" },
      empty: "Nothing was counted in this time.",
    },
  ];
}

function aSecond(value: number): string {
  return `${number(value)}/s`;
}

function aMinute(line: Line): Line {
  return { ...line, values: line.values.map((value) => (value === null ? null : 60 * value)) };
}

/** Returns the sum of the last step; 0 if nothing was counted in a time in which the relay ran. */
function lastSum(stats: StatsAnswer, lines: Line[]): number | null {
  return lines.length > 0 ? (sumOf(lines).at(-1) ?? null) : lastOf(rateOf(stats, "", ""));
}

/** Returns the longest of the last times that were measured. */
function slowest(lines: Line[]): number | null {
  const last = lines.flatMap((line) => lastKnown(line) ?? []);
  return last.length === 0 ? null : Math.max(...last);
}
