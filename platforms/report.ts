/** The log of a Worker. Workers Logs makes fields of the JSON; `npm start` prints readable lines (scripts/local/log-line.ts). */
import { activeTraceId } from "../telemetry/active-trace.ts";
import { createReport, type LogLine } from "../telemetry/log.ts";

/** Writes to the operator's log: an error whose details the client does not get, or something that the operator should know. */
export const report = createReport({ write, now: Date.now, traceId: activeTraceId });

function write(line: LogLine): void {
  const text = JSON.stringify({ time: new Date().toISOString(), ...line });
  // oxlint-disable-next-line no-console -- the platform's log is where operators look
  (line.level === "error" ? console.error : console.warn)(text);
}
