/** Shows on standard error how far a transfer is: in a terminal on one line, elsewhere with a line every ten seconds. */
import { countOf, lengthOf } from "../shared/units.ts";

interface Position {
  /** Events or lines so far. */
  count: number;
  /** How much is done, from 0 to 1. Undefined if nobody knows. */
  share?: number | undefined;
}

const TERMINAL_MILLISECONDS = 200;
const LOG_MILLISECONDS = 10_000;
const CLEAR_LINE = "\r\u001b[K";

/** Shows the position from time to time. Disposing ends it and clears the line. */
export function showProgress(what: string, position: () => Position): Disposable {
  const begun = performance.now();
  const first = position();
  const { isTTY } = process.stderr;
  const show = () => {
    const text = textOf(what, first, position(), (performance.now() - begun) / 1000);
    process.stderr.write(isTTY ? `${CLEAR_LINE}${text}` : `${text}\n`);
  };
  const timer = setInterval(show, isTTY ? TERMINAL_MILLISECONDS : LOG_MILLISECONDS);
  return {
    [Symbol.dispose]() {
      clearInterval(timer);
      if (isTTY) process.stderr.write(CLEAR_LINE);
    },
  };
}

/** Returns such as "imported 12,000, 3,100/s, 40%, 6 s left". The rate and the rest are of this run. */
export function textOf(what: string, first: Position, now: Position, seconds: number): string {
  const rate = Math.round((now.count - first.count) / Math.max(seconds, 0.001));
  const parts = [`${what} ${countOf(now.count)}`, `${countOf(rate)}/s`];
  if (now.share !== undefined) {
    parts.push(`${Math.floor(100 * now.share)}%`);
    const done = now.share - (first.share ?? 0);
    if (done > 0) parts.push(`${lengthOf(Math.ceil((seconds * (1 - now.share)) / done))} left`);
  }
  return parts.join(", ");
}
