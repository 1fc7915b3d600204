/** The figures that an operator looks for first: what they are now, and on average of the range. */
import type { StatsAnswer } from "../../telemetry/stats-answer.ts";
import { sizeOf } from "../parts/size.ts";
import { dollars, number, orDash, percent, seconds } from "./figures/format.ts";
import { sumOfDollars } from "./figures/forecast.ts";
import { gaugeOf, lastKnown, lastOf, type Line, rateOf, timesBy } from "./figures/lines.ts";
import type { Figures } from "./figures/figures.ts";

export function Headline({ figures: { stats, gauges } }: { figures: Figures }) {
  const answers = timesBy(stats, { name: "message_seconds", label: "verb", share: "p99" }).find(
    ({ key }) => key === "REQ",
  );
  const { month, limit } = stats.costs;
  return (
    <dl class="headline">
      <Moving name="Clients connected" line={gaugeOf(stats, "connections", "")} />
      <Moving name="Stored a second" line={rateOf(stats, "events_stored_total", "")} />
      <Moving name="Refused a second" line={rateOf(stats, "events_refused_total", "")} />
      <Tile
        name="Slowest REQs (p99)"
        value={orDash((answers && lastKnown(answers)) ?? null, seconds)}
        more="when last measured"
      />
      <Tile name="Database full" {...fullness(stats, gauges)} />
      <Tile
        name="Costs this month"
        value={dollars(sumOfDollars(month))}
        more={limit === null ? "no limit set" : `limit ${dollars(limit)}`}
      />
    </dl>
  );
}

function Moving({ name, line }: { name: string; line: Line }) {
  const known = line.values.filter((value) => value !== null);
  const average = known.reduce((sum, value) => sum + value, 0) / known.length;
  return (
    <Tile
      name={name}
      value={orDash(lastOf(line), number)}
      more={known.length === 0 ? "not reported yet" : `${number(average)} on average`}
    />
  );
}

function Tile({ name, value, more }: { name: string; value: string; more: string }) {
  return (
    <div class="card">
      <dt>{name}</dt>
      <dd>
        <strong>{value}</strong>
        <span class="quiet">{more}</span>
      </dd>
    </div>
  );
}

function fullness(stats: StatsAnswer, gauges: Figures["gauges"]): { value: string; more: string } {
  const size = lastKnown(gaugeOf(stats, "d1_size_bytes", ""));
  const limit = gauges instanceof Error ? undefined : gauges.sizeLimit;
  if (size === null) return { value: "–", more: "not reported yet" };
  if (!limit) return { value: "–", more: sizeOf(size) };
  return { value: percent(size / limit), more: `${sizeOf(size)} of ${sizeOf(limit)}` };
}
