/** How a span says that the other side is an upstream. */
import type { SpanOptions } from "../../telemetry/tracing.ts";

export function ofUpstream(url: string) {
  return {
    kind: "client",
    peer: "upstream",
    attributes: { upstream: url, "network.protocol.name": "websocket" },
  } as const satisfies SpanOptions;
}
