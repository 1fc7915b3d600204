/**
 * Custom spans in Cloudflare's own tracing (https://developers.cloudflare.com/workers/observability/traces/custom-spans/). The
 * platform samples, sends and nests them. They cost nothing if a Worker is not traced.
 */
import { tracing } from "cloudflare:workers";
import { attributesToSend, errorType } from "../telemetry/span-attributes.ts";
import { formatTraceparent } from "../telemetry/traceparent.ts";
import type { Recorder } from "./recorder.ts";

export const cloudflareRecorder: Recorder = {
  tracer: {
    span: (name, { parent, attributes = {} }, work) =>
      tracing.enterSpan(name, async (span) => {
        const set = (more: Record<string, string | number | boolean>) =>
          void span.setAttributes(attributesToSend(more));
        set(attributes);
        // A custom span cannot have a given parent. After a queue, this attribute leads to the first part of the trace.
        if (parent !== undefined) set({ "trace.parent": parent });
        try {
          return await work({
            traceparent: span.isTraced ? formatTraceparent(span.spanContext()) : undefined,
            set: (attribute, value) => set({ [attribute]: value }),
          });
        } catch (error) {
          set({ "error.type": errorType(error) });
          span.setStatus({ code: "error" });
          throw error;
        }
      }),
  },
  // The platform does both itself.
  instrument: (handler) => handler,
  isEmpty: true,
  flush: async () => undefined,
};
