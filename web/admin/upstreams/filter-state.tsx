/** How far one filter of an upstream was pulled, what is missing, and how much of it is here. */
import { exactTime } from "../../parts/relative-time.ts";
import { Time } from "../../parts/time.tsx";
import type { Coverage, FilterStatus } from "../../shared/management/answers.ts";
import { useNow } from "../../shared/now.ts";
import { describeFilter } from "./filter-text.ts";
import { rangeText } from "./range-text.ts";
import { percentOf } from "../../shared/upstreams/state.ts";

const METHODS: Record<Coverage["method"], string> = {
  nip77: "all was compared (NIP-77)",
  count: "counted by the upstream (NIP-45), and a sample of each day",
  sample: "a sample of each day, because it is not compared",
};
const MOST_SHOWN = 20;

export function FilterState({ status }: { status: FilterStatus }) {
  const now = useNow();
  const { filter, pulledTo, gaps, gapCount, lost, lostCount, coverage, notCompared } = status;
  return (
    <section class="card stack" aria-label={`Filter: ${describeFilter(filter)}`}>
      <h3>
        <bdi>{describeFilter(filter)}</bdi>
      </h3>
      <p class="quiet">
        {pulledTo === undefined ? (
          "It was not pulled yet."
        ) : (
          <>
            Everything created until <Time at={pulledTo} now={now} /> was asked for.
          </>
        )}
      </p>
      {coverage && <CoverageState coverage={coverage} />}
      {notCompared && (
        <p class="notice warning">
          It was not compared, <Time at={notCompared.at} now={now} />: <bdi>{notCompared.reason}</bdi>
        </p>
      )}
      {gapCount > 0 && (
        <details>
          <summary>
            {gapCount === 1 ? "1 gap" : `${gapCount.toLocaleString("en")} gaps`} that the next pulls fill
          </summary>
          <ul>
            {gaps.slice(0, MOST_SHOWN).map((gap) => (
              <li key={gap.since}>{rangeText(gap)}</li>
            ))}
          </ul>
        </details>
      )}
      {lostCount > 0 && (
        <details>
          <summary>
            {lostCount === 1 ? "1 range" : `${lostCount.toLocaleString("en")} ranges`} that cannot be had
          </summary>
          <ul>
            {lost.slice(0, MOST_SHOWN).map((range) => (
              <li key={range.since}>
                {rangeText(range)}: <bdi>{range.reason}</bdi>
              </li>
            ))}
          </ul>
        </details>
      )}
    </section>
  );
}

function CoverageState({ coverage }: { coverage: Coverage }) {
  const { held, method, at, days } = coverage;
  const now = useNow();
  return (
    <>
      <p>
        <strong>{percentOf(coverage)}</strong> of {held.toLocaleString("en")} events are here:{" "}
        {METHODS[method]}, {at === null ? "not finished yet" : <Time at={at} now={now} />}.
      </p>
      {days.length > 0 && (
        <div class="days" role="img" aria-label={daysText(days)}>
          {days.toReversed().map((day) => (
            <Day key={day.since} day={day} />
          ))}
        </div>
      )}
    </>
  );
}

/** A bar of which the coloured part is here. */
function Day({ day }: { day: Coverage["days"][number] }) {
  const share = day.held === 0 ? 1 : day.here / day.held;
  const label = `${exactTime(day.since).slice(0, 10)}: ${day.here.toLocaleString("en")} of ${day.held.toLocaleString("en")}`;
  return (
    <svg viewBox="0 0 10 40" preserveAspectRatio="none">
      <title>{label}</title>
      <rect class="all" width="10" height="40" />
      <rect class="here" width="10" height={40 * share} y={40 * (1 - share)} />
    </svg>
  );
}

function daysText(days: Coverage["days"]): string {
  const partly = days.filter(({ held, here }) => here < held);
  if (partly.length === 0) return `All events of the last ${days.length} days with events are here.`;
  const listed = partly
    .slice(0, 5)
    .map(
      ({ since, held, here }) => `${exactTime(since).slice(0, 10)}: ${held - here} of ${held} are missing`,
    );
  return `Of the last ${days.length} days with events, ${partly.length} are not complete. ${listed.join("; ")}`;
}
