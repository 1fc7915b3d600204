import { expect, it } from "vitest";
import { continuedBy, traceOf } from "./message-trace.ts";

const [DARK, LIT, SPAN] = ["a-00", "b-01", "c-01"];
const span = (traceparent: string | undefined) => ({ traceparent });

it("messages of several traces belong to the first that is sampled", () => {
  expect(traceOf([{}, { traceparent: DARK }, { traceparent: LIT }])).toBe(LIT);
  expect(traceOf([{}, { traceparent: DARK }])).toBe(DARK);
  expect(traceOf([{}, { traceparent: 7 }])).toBeUndefined();
});

it("a span takes the place of the trace context that it continues, and of no other", () => {
  const messages = [{ traceparent: LIT }, { traceparent: DARK }, {}];
  expect(continuedBy(messages, LIT, span(SPAN))).toEqual([{ traceparent: SPAN }, { traceparent: DARK }, {}]);
  expect(continuedBy(messages, LIT, span(undefined))).toBe(messages);
  expect(continuedBy(messages, undefined, span(SPAN))).toBe(messages);
});
