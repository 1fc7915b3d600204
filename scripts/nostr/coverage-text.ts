/** How much of what an upstream holds is here, as text. */
import type { Coverage } from "../../store/upstreams/coverage.ts";
import type { FilterStatus } from "../../store/upstreams/upstream-status.ts";
import type { Share } from "../../store/database/slices.ts";
import { oneLine } from "../shared/printing.ts";
import { countOf, severalOf, timeOf } from "../shared/units.ts";

const METHODS: Record<Coverage["method"], string> = {
  nip77: "all compared by NIP-77",
  count: "counted by NIP-45, and a sample of each day",
  sample: "a sample: it is not compared by NIP-77",
};
const MOST_DAYS = 5;

/** Returns the share of all filters together; "-" if it is not known for each of them. */
export function shareOfAll(filters: readonly FilterStatus[]): string {
  const known = filters.flatMap(({ coverage }) => (coverage ? [coverage] : []));
  if (known.length === 0 || known.length < filters.length) return "-";
  const held = known.reduce((sum, share) => sum + share.held, 0);
  return percentOf({ held, here: known.reduce((sum, share) => sum + share.here, 0) });
}

/** Returns lines about one filter: the share in total and, of the last days, those that are not whole. */
export function coverageLines({ coverage, notCompared }: FilterStatus): [name: string, value: string][] {
  const lines: [string, string][] = [];
  if (coverage) {
    const { held, method, at, days } = coverage;
    const when = at === null ? "not finished yet" : timeOf(at);
    lines.push([
      "here",
      `${percentOf(coverage)} of ${severalOf(held, "event")} (${METHODS[method]}; ${when})`,
    ]);
    const partly = days.filter((day) => day.here < day.held);
    const listed = partly
      .slice(0, MOST_DAYS)
      .map((day) => `${timeOf(day.since).slice(0, 10)} ${shareOf(day)}`);
    const rest = partly.length > MOST_DAYS ? `; and ${countOf(partly.length - MOST_DAYS)} more` : "";
    if (partly.length > 0) lines.push(["missing", `${listed.join("; ")}${rest}`]);
  }
  if (notCompared) lines.push(["not compared", `${timeOf(notCompared.at)}: ${oneLine(notCompared.reason)}`]);
  return lines;
}

function shareOf({ held, here }: Share): string {
  return `${countOf(held - here)} of ${countOf(held)}`;
}

/** Rounds down: 100 % is only said of all. */
function percentOf({ held, here }: Share): string {
  return held === 0 ? "100 %" : `${(Math.floor((1000 * here) / held) / 10).toString()} %`;
}
