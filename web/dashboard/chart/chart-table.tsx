/** What a chart shows as a table, the newest step first. */
import { useState } from "preact/hooks";
import { orDash, stepTime } from "../figures/format.ts";
import type { ChartProps } from "./chart-props.ts";

type Props = Pick<ChartProps, "title" | "times" | "step" | "lines" | "format">;

export function ChartTable(props: Props) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details class="chart-table" onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary>Table</summary>
      {isOpen && <Rows {...props} />}
    </details>
  );
}

function Rows({ title, times, step, lines, format }: Props) {
  return (
    <div class="scrolled" tabIndex={0} role="region" aria-label={`${title} as a table`}>
      <table>
        <thead>
          <tr>
            <th scope="col">From</th>
            {lines.map(({ key, label }) => (
              <th key={key} scope="col">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times
            .map((time, at) => (
              <tr key={time}>
                <th scope="row">{stepTime(time, step)}</th>
                {lines.map(({ key, values }) => (
                  <td key={key}>{orDash(values[at] ?? null, format)}</td>
                ))}
              </tr>
            ))
            .toReversed()}
        </tbody>
      </table>
    </div>
  );
}
