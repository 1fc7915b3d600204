/** The method of the management API for the trace of an event. */
import { answer, type Asked, type Method } from "../decision.ts";

export const TRACE_DECISIONS: { gettrace: Method<"gettrace"> } = {
  gettrace: async ([event], { store, config }) => {
    const trace = (await store.traceOf(event)) ?? null;
    return answer({ trace, url: trace === null ? null : pageOf(trace, config) });
  },
};

/** Returns the address of the page of a trace; null if it is not known. Admins get no password and no key of ZIPKIN_URL. */
function pageOf(
  trace: string,
  { TRACE_URL, ZIPKIN_URL }: Pick<Asked["config"], "TRACE_URL" | "ZIPKIN_URL">,
): string | null {
  if (TRACE_URL !== "") return TRACE_URL.replaceAll("{trace}", trace);
  const { origin, pathname } = URL.canParse(ZIPKIN_URL) ? new URL(ZIPKIN_URL) : { origin: "", pathname: "" };
  const [, base] = /^(.*?)(?:\/zipkin)?\/api\/v2\/spans\/?$/.exec(pathname) ?? [];
  return base === undefined ? null : `${origin}${base}/zipkin/traces/${trace}`;
}
