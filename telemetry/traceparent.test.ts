import { TraceFlags } from "@opentelemetry/api";
import { expect, it } from "vitest";
import { formatTraceparent, isSampled, leadOf, parseTraceparent, sampledTrace } from "./traceparent.ts";

const [TRACE, SPAN] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];

it.each([
  [TraceFlags.SAMPLED, "01"],
  [TraceFlags.NONE, "00"],
])("flags %i are written as %s, and read again", (traceFlags, digits) => {
  const text = formatTraceparent({ traceId: TRACE, spanId: SPAN, traceFlags });
  expect(text).toBe(`00-${TRACE}-${SPAN}-${digits}`);
  expect(parseTraceparent(text)).toEqual({ traceId: TRACE, spanId: SPAN, traceFlags, isRemote: true });
});

it("flags that nobody has defined are neither read nor handed on", () => {
  expect(parseTraceparent(`00-${TRACE}-${SPAN}-fe`)).toMatchObject({ traceFlags: TraceFlags.NONE });
  const text = formatTraceparent({ traceId: TRACE, spanId: SPAN, traceFlags: 0xff });
  expect(text).toBe(`00-${TRACE}-${SPAN}-01`);
});

it.each([
  "",
  "hello",
  `00-${TRACE}-${SPAN}`,
  `00-${TRACE}-${SPAN}-1`,
  `00-${TRACE}-${SPAN}-01-more`,
  ` 00-${TRACE}-${SPAN}-01`,
  `01-${TRACE}-${SPAN}-01`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `00-${TRACE.slice(1)}-${SPAN}-01`,
  `00-${"0".repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${"0".repeat(16)}-01`,
])("%j is no trace context", (text) => {
  expect(parseTraceparent(text)).toBeUndefined();
});

const [UNSAMPLED, SAMPLED] = [`00-${TRACE}-${SPAN}-00`, `00-${TRACE}-${SPAN}-01`];

it.each([
  [SAMPLED, TRACE],
  [UNSAMPLED, undefined],
  ["hello", undefined],
  [undefined, undefined],
])("the sampled trace of %s is %s", (traceparent, trace) => {
  expect(sampledTrace({ traceparent, isSampled: isSampled(traceparent) })).toBe(trace);
});

it.each([
  [[undefined, UNSAMPLED, SAMPLED], SAMPLED],
  [[undefined, UNSAMPLED], UNSAMPLED],
  [[undefined], undefined],
])("of %j, work goes on in %s", (all, lead) => {
  expect(leadOf(all, isSampled)).toBe(lead);
});
