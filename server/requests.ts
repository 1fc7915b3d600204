/** Requests over HTTP, counted and traced as those of a Worker. */
import { withoutStackTraces } from "../http/mistake.ts";
import { answerInSpan } from "../platforms/http-span.ts";
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
    return answerInSpan(tracer, request, () => answer(request));
  }, report);
  return (request) => {
    const answered = counted(request);
    background(answered.then(() => undefined));
    return answered;
  };
}
