/** The lines of a chart with their values. Each can be switched off and on. */
import type { Line } from "../figures/lines.ts";
import { classOfLine } from "./plot.ts";

interface Props {
  lines: readonly Line[];
  hidden: ReadonlySet<string>;
  toggle(key: string): void;
  valueOf(line: Line): string;
}

export function Legend({ lines, hidden, toggle, valueOf }: Props) {
  return (
    <ul class="legend">
      {lines.map((line, at) => (
        <li key={line.key}>
          <button
            type="button"
            aria-pressed={!hidden.has(line.key)}
            title={hidden.has(line.key) ? "Show" : "Hide"}
            onClick={() => toggle(line.key)}
          >
            <span class={`swatch ${classOfLine(at)}`} />
            <span>{line.label}</span>
            <span class="legend-value">{valueOf(line)}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
