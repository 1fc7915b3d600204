/** The log of `npm start`: the Workers' lines of JSON (telemetry/log.ts) as a person reads them. */
import type { LogLine } from "../../telemetry/log.ts";
import { withSourcePositions } from "./source-positions.ts";

type WrittenLine = LogLine & { time: string };

/** Returns a line of the log for the terminal. What is not from the Workers' log is returned as it is. */
export function readableLine(text: string): string {
  const line = parsedLine(text);
  if (!line) return text;
  const { time, level, message, todo, stack } = line;
  const told = stack === undefined ? message : withSourcePositions(stack);
  const next = todo === undefined ? "" : `\n         ${todo}`;
  return `${time.slice(11, 19)} ${level === "error" ? "error: " : ""}${told}${next}`;
}

function parsedLine(text: string): WrittenLine | undefined {
  if (!text.startsWith('{"time":')) return undefined;
  try {
    const line = JSON.parse(text) as Partial<WrittenLine>;
    const isLine = typeof line.time === "string" && typeof line.message === "string";
    return isLine ? (line as WrittenLine) : undefined;
  } catch {
    return undefined;
  }
}
