/**
 * Custom spans in Cloudflare's own tracing (https://developers.cloudflare.com/workers/observability/traces/custom-spans/). The
 * platform samples, sends and nests them. They cost nothing if a Worker is not traced.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { tracing } from "cloudflare:workers";
import { around } from "../telemetry/around.ts";
import { attributesToSend, errorType } from "../telemetry/span-attributes.ts";
import { formatTraceparent, isSampled } from "../telemetry/traceparent.ts";
import { type Attributes, NO_MOMENT, NO_SPAN } from "../telemetry/tracing.ts";
import type { Recorder } from "./recorder.ts";

/** The traceparent of the active custom span. */
const active = new AsyncLocalStorage<string>();

export const cloudflareRecorder: Recorder = {
  tracer: {
    span: (name, { parent, attributes = {}, isPart }, work) => {
      // The platform has spans of its own for these.
      if (isPart) return work({ ...NO_SPAN, traceparent: active.getStore() });
      return tracing.enterSpan(name, (span) => {
        const set = (more: Attributes) => void span.setAttributes(attributesToSend(more));
        set(attributes);
        // A custom span cannot have a given parent. After a queue, this attribute leads to the first part of the trace.
        if (parent !== undefined) set({ "trace.parent": parent });
        const traceparent = span.isTraced ? formatTraceparent(span.spanContext()) : undefined;
        const handle = {
          traceparent,
          isSampled: isSampled(traceparent),
          set: (attribute: string, value: Attributes[string]) => {
            set({ [attribute]: value });
            if (attribute === "error.type") span.setStatus({ code: "error" });
          },
        };
        const run = () => work(handle);
        return around(
          () => (traceparent === undefined ? run() : active.run(traceparent, run)),
          (failure) => {
            if (failure) handle.set("error.type", errorType(failure.error));
          },
        );
      });
    },
  },
  capture: () => {
    const traceparent = active.getStore();
    if (traceparent === undefined) return NO_MOMENT;
    const run = AsyncLocalStorage.snapshot();
    return { traceparent, isSampled: isSampled(traceparent), run: (work) => run(work) };
  },
  // The platform does both itself.
  instrument: (handler) => handler,
  isEmpty: true,
  flush: async () => undefined,
};
