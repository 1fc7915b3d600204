/** Draws lines or bars over time, with uPlot. */
import uPlot from "uplot";
import type { Line } from "../figures/lines.ts";
import { coloursIn } from "./paint.ts";
import { stacked } from "./stack.ts";

export interface Drawing {
  times: number[];
  /** Seconds. */
  step: number;
  lines: readonly Line[];
  hidden: ReadonlySet<string>;
  shape: "lines" | "bars";
  /** For times, of which the longest are a thousand times the shortest. */
  isLogarithmic: boolean;
  format(value: number): string;
}

export interface Plot {
  update(drawing: Drawing): void;
  /** Points at a step, or at none. */
  point(at: number | undefined): void;
  destroy(): void;
}

/** Where there are many, lines differ in their dashes too. */
const DASHES = [[], [], [], [8, 3], [2, 3], [10, 3, 2, 3], [5, 2]];
/** The enumeration is only in the types of uPlot. */
// oxlint-disable-next-line no-unsafe-enum-assignment
const LOGARITHM = 3 as uPlot.Scale.Distr;
const HEIGHT = 180;
const LEAST_WIDTH = 120;

/** The colour of the line at a place. */
export function classOfLine(at: number): string {
  return `line-${at + 1}`;
}

/** Draws into an element. Calls back when the mouse points at a step, or at none. */
export function drawPlot(host: HTMLElement, first: Drawing, pointed: (at: number | undefined) => void): Plot {
  let drawing = first;
  const plot = new uPlot(
    optionsOf(host, () => drawing, pointed),
    dataOf(drawing),
    host,
  );
  const resized = new ResizeObserver(() => {
    const width = Math.max(LEAST_WIDTH, host.clientWidth);
    if (width !== plot.width) plot.setSize({ width, height: HEIGHT });
  });
  resized.observe(host);
  return {
    update(next) {
      drawing = next;
      plot.batch(() => {
        order(drawing).forEach(({ line }, at) =>
          plot.setSeries(at + 1, { show: !drawing.hidden.has(line.key) }, false),
        );
        plot.setData(dataOf(drawing));
      });
    },
    point(at) {
      const time = at === undefined ? undefined : drawing.times[at];
      if (time === undefined) plot.setCursor({ left: -10, top: -10 }, false);
      else plot.setCursor({ left: plot.valToPos(time, "x"), top: 0 }, false);
    },
    destroy() {
      resized.disconnect();
      plot.destroy();
    },
  };
}

/** Bars are drawn from the highest stack to the lowest, so that each covers the one behind it. */
function order({ lines, shape }: Drawing): { line: Line; at: number }[] {
  const inOrder = lines.map((line, at) => ({ line, at }));
  return shape === "bars" ? inOrder.toReversed() : inOrder;
}

function dataOf(drawing: Drawing): uPlot.AlignedData {
  const { times, lines, hidden, shape, isLogarithmic } = drawing;
  const lists = lines.map(({ values }) => values);
  const drawn =
    shape === "bars"
      ? stacked(lists, (at) => hidden.has(lines[at]?.key ?? ""))
      : isLogarithmic
        ? lists.map(atLeastShortest)
        : lists;
  return [times, ...order(drawing).map(({ at }) => drawn[at] ?? [])];
}

function optionsOf(
  host: HTMLElement,
  current: () => Drawing,
  pointed: (at: number | undefined) => void,
): uPlot.Options {
  const { lines, shape, isLogarithmic } = current();
  const [text = "", grid = ""] = coloursIn(host, ["axis-text", "axis-grid"]);
  const colours = coloursIn(
    host,
    lines.map((_, at) => classOfLine(at)),
  );
  const axis = { stroke: text, font: "12px system-ui, sans-serif", ticks: { show: false } };
  return {
    width: Math.max(LEAST_WIDTH, host.clientWidth),
    height: HEIGHT,
    padding: [10, 24, 0, 0],
    legend: { show: false },
    cursor: {
      y: false,
      drag: { x: false, y: false },
      points: { show: shape === "lines", size: 8 },
    },
    hooks: { setCursor: [(plot) => pointed(plot.cursor.idx ?? undefined)] },
    scales: {
      x: { range: (_, min, max) => rangeOfTime(min, max, current()) },
      y: isLogarithmic
        ? { distr: LOGARITHM, range: (_, min, max) => rangeOfLogarithm(min, max) }
        : { range: (_, __, max) => [0, max > 0 ? 1.1 * max : 1] },
    },
    axes: [
      {
        ...axis,
        grid: { show: false },
        size: 28,
        space: 70,
        values: (_, times) => timeLabels(times, current().step),
      },
      {
        ...axis,
        grid: { stroke: grid, width: 1 },
        size: 62,
        space: 36,
        ...(isLogarithmic && { splits: (_, __, min, max) => decadesIn(min, max) }),
        values: (_, values) => values.map((value) => (value === null ? "" : current().format(value))),
      },
    ],
    series: [{}, ...order(current()).map(({ at }) => seriesOf(shape, at, colours[at] ?? ""))],
  };
}

function seriesOf(shape: Drawing["shape"], at: number, colour: string): uPlot.Series {
  if (shape === "lines")
    return { stroke: colour, width: 2, dash: DASHES[at] ?? [], points: { fill: colour, size: 5 } };
  // Without an edge: on a phone, a bar of a month is a pixel wide.
  const paths = uPlot.paths.bars?.({ size: [0.9, 100, 1], align: 1 });
  return { width: 0, fill: colour, points: { show: false }, ...(paths && { paths }) };
}

/** A bar begins at its time, so that the last one needs the room of a step. */
function rangeOfTime(min: number, max: number, { shape, step }: Drawing): [number, number] {
  return [min, shape === "bars" ? max + step : max];
}

/** Shorter times are drawn as this one: the relay does not measure them more exactly, and a logarithm has no 0. */
const SHORTEST_SECONDS = 0.001;

function atLeastShortest(values: Line["values"]): Line["values"] {
  return values.map((value) => (value === null ? null : Math.max(SHORTEST_SECONDS, value)));
}

/** Whole decades. */
function rangeOfLogarithm(min: number | null, max: number | null): [number, number] {
  const low = 10 ** Math.floor(Math.log10(min ?? SHORTEST_SECONDS));
  return [low, Math.max(10 * low, 10 ** Math.ceil(Math.log10(max ?? SHORTEST_SECONDS)))];
}

function decadesIn(min: number, max: number): number[] {
  const [low, high] = [Math.round(Math.log10(min)), Math.round(Math.log10(max))];
  return Array.from({ length: high - low + 1 }, (_, at) => 10 ** (low + at));
}

function timeLabels(times: number[], step: number): string[] {
  const isLong = step > 900;
  return times.map((time) =>
    new Date(1000 * time).toLocaleString(
      "en-GB",
      isLong ? { day: "numeric", month: "short" } : { hour: "2-digit", minute: "2-digit" },
    ),
  );
}
