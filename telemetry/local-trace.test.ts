import { beforeEach, describe, expect, it } from "vitest";
import type { EndedSpan } from "./ended-span.ts";
import { type LocalTrace, MOST_OF_TRACE, MOST_WAITING, TailSampler } from "./local-trace.ts";
import { slowSpans } from "./slow-spans.ts";

let sent: string[];
let dropped: number[];
let sampler: TailSampler;
beforeEach(() => {
  [sent, dropped] = [[], []];
  sampler = new TailSampler({
    send: ({ name }) => void sent.push(name),
    dropped: (spans) => void dropped.push(spans),
    isSlow: slowSpans(1000),
    newTraceId: () => "a",
  });
});

function span(name: string, changes: Partial<EndedSpan> = {}): EndedSpan {
  return { name, traceId: "a", id: "b", start: 0, duration: 1, attributes: {}, ...changes };
}

const failed = { attributes: { "error.type": "Error" } };

/** Ends these spans in a local trace, the last one as its root. */
function endAll(trace: LocalTrace, ...spans: EndedSpan[]): void {
  for (const [at, one] of spans.entries()) trace.end(one, at === spans.length - 1);
}

describe("a sampled trace", () => {
  it("is sent span by span, as they end", () => {
    const trace = sampler.begin(true);
    trace.end(span("query"), false);
    expect(sent).toEqual(["query"]);
    endAll(trace, span("commit"), span("handle_message"));
    trace.end(span("publish"), false);
    expect(sent).toEqual(["query", "commit", "handle_message", "publish"]);
  });
});

describe("a trace that is not sampled", () => {
  it("is not sent, and leaves nothing behind", () => {
    const trace = sampler.begin(false);
    endAll(trace, span("query"), span("handle_message"));
    trace.end(span("publish", failed), false);
    expect([sent, dropped, sampler.waiting]).toEqual([[], [], 0]);
  });

  it.each<[string, EndedSpan[]]>([
    ["its root has failed", [span("query"), span("handle_message", failed)]],
    ["a part of it has failed", [span("query", failed), span("handle_message")]],
    ["its root was slow", [span("query"), span("handle_message", { duration: 1000 })]],
    ["a pull was slow", [span("query"), span("pull", { duration: 30_000 })]],
  ])("is sent whole if %s, and so is what ends later", (_, spans) => {
    const trace = sampler.begin(false);
    endAll(trace, ...spans);
    trace.end(span("publish"), false);
    expect(sent).toEqual([...spans.map(({ name }) => name), "publish"]);
    expect(sampler.waiting).toBe(0);
  });

  it.each([
    ["handle_message", 999],
    ["pull", 29_999],
  ])("is not slow if its %s took %i ms", (name, duration) => {
    endAll(sampler.begin(false), span(name, { duration }));
    expect(sent).toEqual([]);
  });

  it("is not kept because a part took as long as the whole", () => {
    endAll(sampler.begin(false), span("query", { duration: 5000 }), span("pull", { duration: 5000 }));
    expect(sent).toEqual([]);
  });

  it("waits with its first spans only, and the others are counted if it is sent", () => {
    const spans = Array.from({ length: MOST_OF_TRACE + 3 }, (_, n) => span(String(n)));
    endAll(sampler.begin(false), ...spans, span("pull"));
    expect([sent, dropped]).toEqual([[], []]);
    endAll(sampler.begin(false), ...spans, span("pull", failed));
    expect(sent).toHaveLength(MOST_OF_TRACE + 1);
    expect(sent.at(-1)).toBe("pull");
    expect(dropped).toEqual([3]);
  });
});

it("all traces together wait with a bounded number of spans, which others may use when a trace has ended", () => {
  const traces = Array.from({ length: MOST_WAITING / 100 + 1 }, () => sampler.begin(false));
  for (const trace of traces) for (let n = 0; n < 100; n += 1) trace.end(span("query"), false);
  expect(sampler.waiting).toBe(MOST_WAITING);
  traces.at(-1)!.end(span("handle_message", failed), true);
  expect([sent, dropped]).toEqual([["handle_message"], [100]]);
  for (const trace of traces) trace.end(span("handle_message"), true);
  expect(sampler.waiting).toBe(0);
});
