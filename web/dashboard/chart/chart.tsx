/** A chart with its title, the value of now, a legend whose entries can be switched off, and a table that says the same. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { orDash, stepTime } from "../figures/format.ts";
import type { ChartProps } from "./chart-props.ts";
import { ChartTable } from "./chart-table.tsx";
import { Legend } from "./legend.tsx";
import { onSchemeChange } from "./paint.ts";
import { drawPlot, type Plot } from "./plot.ts";

export function Chart(props: ChartProps) {
  const { title, about, times, step, lines, format, current, empty } = props;
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [pointed, setPointed] = useState<number>();
  const isEmpty = lines.every(({ values }) => values.every((value) => value === null));
  const at = pointed ?? times.length - 1;
  return (
    <section class="card chart" aria-label={title}>
      <header>
        <h3>{title}</h3>
        <p class="chart-current">
          <strong>{current.value}</strong> <span>{current.of}</span>
        </p>
        <p class="chart-about">{about}</p>
      </header>
      {isEmpty ? (
        <p class="chart-empty">{empty}</p>
      ) : (
        <>
          <Canvas {...props} hidden={hidden} pointed={pointed} point={setPointed} />
          <Legend
            lines={lines}
            hidden={hidden}
            toggle={(key) => setHidden((known) => toggled(known, key))}
            valueOf={({ values }) => orDash(values[at] ?? null, format)}
          />
          <div class="chart-foot">
            <span class="quiet">
              {pointed === undefined ? "Last step" : "At"} {stepTime(times[at] ?? 0, step)}
            </span>
            <ChartTable title={title} times={times} step={step} lines={lines} format={format} />
          </div>
        </>
      )}
    </section>
  );
}

/** The picture. Arrow keys move through its steps, and screen readers read the values of each. */
function Canvas(
  props: ChartProps & {
    hidden: ReadonlySet<string>;
    pointed: number | undefined;
    point(at: number | undefined): void;
  },
) {
  const { title, times, step, lines, shape, format, hidden, pointed, point } = props;
  const host = useRef<HTMLDivElement>(null);
  const plot = useRef<Plot>(undefined);
  const [scheme, setScheme] = useState(0);
  useEffect(() => onSchemeChange(() => setScheme((count) => count + 1)), []);
  const drawing = useMemo(
    () => ({ times, step, lines, hidden, shape, isLogarithmic: props.isLogarithmic ?? false, format }),
    [times, lines, hidden],
  );
  const keys = lines.map(({ key }) => key).join("\n");
  useEffect(() => {
    if (!host.current) return;
    plot.current = drawPlot(host.current, drawing, point);
    return () => plot.current?.destroy();
  }, [keys, step, scheme]);
  useEffect(() => plot.current?.update(drawing), [drawing]);
  const last = times.length - 1;
  const at = Math.min(pointed ?? last, last);
  const go = (next: number | undefined) => {
    point(next);
    plot.current?.point(next);
  };
  return (
    <div
      class="plot"
      ref={host}
      tabIndex={0}
      role="slider"
      aria-label={`${title}: step`}
      aria-valuemin={0}
      aria-valuemax={last}
      aria-valuenow={at}
      aria-valuetext={spoken(props, at)}
      onKeyDown={(pressed) => {
        const next = nextStep(pressed.key, at, last);
        if (next === undefined) return;
        pressed.preventDefault();
        go(next);
      }}
      onBlur={() => go(undefined)}
    />
  );
}

/** Returns where a key leads to; undefined for other keys. */
function nextStep(key: string, at: number, last: number): number | undefined {
  const moves: Record<string, number> = {
    ArrowLeft: at - 1,
    ArrowDown: at - 1,
    ArrowRight: at + 1,
    ArrowUp: at + 1,
    PageDown: at - 10,
    PageUp: at + 10,
    Home: 0,
    End: last,
  };
  const next = moves[key];
  return next === undefined ? undefined : Math.max(0, Math.min(last, next));
}

function spoken(
  { times, step, lines, format, hidden }: ChartProps & { hidden: ReadonlySet<string> },
  at: number,
): string {
  const shown = lines.filter(({ key }) => !hidden.has(key));
  const values = shown.map(({ label, values }) => `${label} ${orDash(values[at] ?? null, format)}`);
  return [stepTime(times[at] ?? 0, step), ...values].join(", ");
}

function toggled(set: ReadonlySet<string>, key: string): ReadonlySet<string> {
  return set.has(key) ? new Set([...set].filter((one) => one !== key)) : new Set([...set, key]);
}
