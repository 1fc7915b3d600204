/** What the relay knows of now, from `/metrics` (docs/metrics.md). */

export interface UpstreamGauges {
  url: string;
  /** Seconds; undefined if it was never pulled. */
  lag: number | undefined;
  failures: number;
}

export interface Gauges {
  deadLetters: number | undefined;
  /** Age of the oldest message of the queues, in seconds. */
  oldestInQueue: number | undefined;
  sizeLimit: number | undefined;
  upstreams: UpstreamGauges[];
}

/** `name 1` or `name{upstream="…"} 1`: what a gauge looks like. */
const GAUGE = /^(\w+)(?:\{upstream="((?:[^"\\]|\\.)*)"\})? (\d+(?:\.\d+)?)$/;

/** Reads the text of Prometheus. */
export function gaugesIn(text: string): Gauges {
  const values = new Map<string, number>();
  const upstreams = new Map<string, UpstreamGauges>();
  for (const line of text.split("\n")) {
    const [, name = "", label, value] = GAUGE.exec(line) ?? [];
    if (label === undefined) values.set(name, Number(value));
    else {
      const url = label.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
      const known = upstreams.get(url) ?? { url, lag: undefined, failures: 0 };
      if (name === "upstream_lag_seconds") upstreams.set(url, { ...known, lag: Number(value) });
      if (name === "upstream_failures") upstreams.set(url, { ...known, failures: Number(value) });
    }
  }
  return {
    deadLetters: values.get("dead_letters"),
    oldestInQueue: values.get("queue_oldest_seconds"),
    sizeLimit: values.get("d1_size_limit_bytes"),
    upstreams: [...upstreams.values()],
  };
}
