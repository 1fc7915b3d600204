/** What a chart is told. */
import type { Line } from "../figures/lines.ts";
import type { Drawing } from "./plot.ts";

export interface ChartProps {
  title: string;
  /** What is shown, for those who do not know it. */
  about: string;
  times: number[];
  /** Seconds. */
  step: number;
  lines: Line[];
  shape: Drawing["shape"];
  isLogarithmic?: boolean;
  /** With the unit. */
  format(value: number): string;
  /** The value of now, and what it is of. */
  current: { value: string; of: string };
  /** What it says when there are no lines. */
  empty: string;
}
