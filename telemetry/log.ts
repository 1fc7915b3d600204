/**
 * The operator's log: one line of JSON for each thing that an operator may act on. It never repeats one thing endlessly.
 * Addresses appear without their query (`maskQueries`).
 */
import { maskQueries } from "./mask-queries.ts";

export type Level = "warn" | "error";

/** What an operator should know and no error says. `report` also takes errors, and texts without fields. */
export class Notice {
  readonly message: string;
  readonly details: NoticeDetails;

  constructor(message: string, details: NoticeDetails = {}) {
    this.message = message;
    this.details = details;
  }
}

export interface NoticeDetails {
  /** "warn" by default. */
  level?: Level;
  /** What the operator can do. */
  todo?: string;
  /** What it is about, for searching. They must not contain what clients sent. */
  fields?: Readonly<Record<string, string | number>>;
}

/** One line of the log, without its time. */
export interface LogLine {
  level: Level;
  message: string;
  todo?: string;
  /** The id of the trace in which it happened. */
  trace?: string;
  /** The type of an error. */
  error?: string;
  stack?: string;
}

interface LogDeps {
  /** Adds the time. */
  write(line: LogLine): void;
  /** Milliseconds since 1970. */
  now(): number;
  /** Returns the id of the trace that is active, if there is one. */
  traceId?: () => string | undefined;
}

/** In a minute, so many lines that differ only in numbers and ids are written, and so many lines in total. */
const MOST_ALIKE = 5;
const MOST_LINES = 100;
const MINUTE = 60_000;
const LONGEST_MESSAGE = 2000;
const LONGEST_STACK = 4000;

/** Returns the function that writes to the log. Create one for each isolate. It never throws. */
export function createReport({ write, now, traceId }: LogDeps): (problem: unknown) => void {
  let since = -Infinity;
  let written = 0;
  const alike = new Map<string, { message: string; level: Level; times: number }>();

  const beginMinute = () => {
    for (const { message, level, times } of alike.values())
      if (times > MOST_ALIKE) write({ level, message: `${times - MOST_ALIKE} more like: ${message}` });
    if (written > MOST_LINES)
      write({ level: "warn", message: `${written - MOST_LINES} other lines of a minute were left out` });
    alike.clear();
    written = 0;
    since = now();
  };

  return (problem) => {
    if (now() - since >= MINUTE) beginMinute();
    const line = lineOf(problem);
    const kind = kindOf(line.message);
    const known = alike.get(kind);
    if (known) {
      known.times += 1;
      if (known.times > MOST_ALIKE) return;
    }
    written += 1;
    if (written > MOST_LINES) return;
    if (!known) alike.set(kind, { message: line.message, level: line.level, times: 1 });
    const trace = traceId?.();
    write({ ...line, ...(trace !== undefined && { trace }) });
  };
}

function lineOf(problem: unknown): LogLine {
  if (problem instanceof Notice) {
    const { level = "warn", todo, fields = {} } = problem.details;
    const shown = Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === "string" ? bounded(value, LONGEST_MESSAGE) : value,
    ]);
    return {
      level,
      message: bounded(problem.message, LONGEST_MESSAGE),
      ...(todo !== undefined && { todo }),
      ...Object.fromEntries(shown),
    };
  }
  if (!(problem instanceof Error))
    return { level: "warn", message: bounded(String(problem), LONGEST_MESSAGE) };
  const { name, message, stack } = problem;
  return {
    level: "error",
    message: bounded(message === "" ? name : message, LONGEST_MESSAGE),
    error: name,
    ...(stack !== undefined && { stack: bounded(stack, LONGEST_STACK) }),
  };
}

function bounded(text: string, longest: number): string {
  return text.length <= longest ? maskQueries(text) : `${maskQueries(text.slice(0, longest))}…`;
}

/** Returns the message without what differs each time. */
function kindOf(message: string): string {
  return message.replaceAll(/\b[0-9a-f]{16,}\b|\d+/g, "#").slice(0, 200);
}
