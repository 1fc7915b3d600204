/** Requests over HTTP, counted and traced as those of a Worker. */
import { withoutStackTraces } from "../http/mistake.ts";
import { answerAttributes, httpSpan, isTraced } from "../platforms/http-span.ts";
import { report } from "../platforms/report.ts";
import type { Telemetry } from "../platforms/workers.ts";

type Answer = (request: Request) => Promise<Response>;

/** `background` keeps the work alive until the server stops, also if the client does not wait for the answer. */
export function observed(
  answer: Answer,
  { metrics, tracer }: Pick<Telemetry, "metrics" | "tracer">,
  background: (work: Promise<void>) => void,
): Answer {
  const counted = withoutStackTraces((request) => {
    metrics.add("invocations_total", { source: "http" });
    const { pathname } = new URL(request.url);
    if (!isTraced(pathname)) return answer(request);
    const { name, ...about } = httpSpan(request.method, pathname);
    const parent = request.headers.get("traceparent") ?? undefined;
    return tracer.span(name, { ...about, parent, isOfClient: true }, async (span) => {
      const response = await answer(request);
      for (const [key, value] of Object.entries(answerAttributes(response.status))) span.set(key, value);
      return response;
    });
  }, report);
  return (request) => {
    const answered = counted(request);
    background(answered.then(() => undefined));
    return answered;
  };
}
