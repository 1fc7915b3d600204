/** How the messages between hubs and the switchboard carry the trace. */
import { isSampled, leadOf } from "../../telemetry/traceparent.ts";
import type { Span } from "../../telemetry/tracing.ts";

/** Returns the trace context that work on these messages continues. */
export function traceOf(messages: readonly object[]): string | undefined {
  return leadOf(messages.map(traceparentIn), isSampled);
}

/** Returns the messages with this span in place of the trace context that it continues. Other traces stay as they are. */
export function continuedBy<M extends object>(
  messages: M[],
  parent: string | undefined,
  { traceparent }: Pick<Span, "traceparent">,
): M[] {
  if (traceparent === undefined || parent === undefined) return messages;
  return messages.map((one) => (traceparentIn(one) === parent ? { ...one, traceparent } : one));
}

/** A message of an unknown version may lack it, or have another thing in its place. */
function traceparentIn(message: object): string | undefined {
  const { traceparent } = message as { traceparent?: unknown };
  return typeof traceparent === "string" ? traceparent : undefined;
}
