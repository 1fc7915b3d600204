/** Draws panels as text: a line of bars for each label. */
import { oneLine } from "../shared/printing.ts";
import type { Panel } from "./panels.ts";
import type { Point } from "./sql-api.ts";

const BARS = ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
/** A step in which nothing was counted. */
const NOTHING = "·";
const NUMBER = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });

/** Returns a panel with a bar for each of `times`, and the total. For times in seconds, the last column is the largest value. */
export function panelText(
  { title, unit }: Panel,
  points: readonly Point[],
  times: readonly number[],
): string {
  const labels = [...Map.groupBy(points, ({ label }) => label)].toSorted(([a], [b]) => a.localeCompare(b));
  if (labels.length === 0) return `${title}\n  nothing was counted\n`;
  const width = Math.max(...labels.map(([label]) => oneLine(label).length));
  const lines = labels.map(([label, ofLabel]) => {
    const values = times.map((time) => ofLabel.find((point) => point.time === time)?.value);
    const known = values.filter((value) => value !== undefined);
    const figure =
      unit === "s"
        ? `at most ${Math.max(...known).toFixed(3)} s`
        : NUMBER.format(known.reduce((sum, value) => sum + value, 0));
    return `  ${oneLine(label).padEnd(width)}  ${sparkline(values)}  ${figure}`;
  });
  return [title, ...lines, ""].join("\n");
}

/** Returns a bar for each value. The largest has the full height. */
export function sparkline(values: readonly (number | undefined)[]): string {
  const largest = Math.max(0, ...values.filter((value) => value !== undefined));
  return values
    .map((value) => {
      if (value === undefined || value <= 0) return NOTHING;
      return BARS[Math.min(BARS.length - 1, Math.floor((value / largest) * BARS.length))];
    })
    .join("");
}
