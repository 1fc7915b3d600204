import { expect, it } from "vitest";
import { sampledSpans } from "../platforms/sampled-spans.ts";
import { Counts } from "../telemetry/counts.ts";
import type { EndedSpan } from "../telemetry/ended-span.ts";
import { observed } from "./requests.ts";

const [TRACE, SPAN] = ["4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"];

/** Asks with the trace context of a client. Returns the spans that are sent. */
async function spansOf(sampleRate: number, flags: string): Promise<EndedSpan[]> {
  const sent: EndedSpan[] = [];
  const { tracer } = sampledSpans({
    collectors: [{ send: (span) => void sent.push(span), size: 0, flush: async () => undefined }],
    sampleRate,
    slowMilliseconds: 60_000,
    dropped: () => undefined,
  });
  const answer = observed(
    async () => new Response("here"),
    { tracer, metrics: new Counts() },
    () => undefined,
  );
  const headers = { traceparent: `00-${TRACE}-${SPAN}-${flags}` };
  await answer(new Request("http://relay.test/api/v1/events", { headers }));
  return sent;
}

it("a request joins the trace of a client, but the client does not decide whether it is sampled", async () => {
  expect(await spansOf(0, "01")).toEqual([]);
  expect(await spansOf(1, "00")).toEqual([
    expect.objectContaining({ name: "GET /api/v1/events", traceId: TRACE, parentId: SPAN }),
  ]);
});
