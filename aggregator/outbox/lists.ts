/** Lists of follows and of relays: from the own store, and from upstreams. */
import type { Event } from "../../nostr/event.ts";
import { answerFilters } from "../../relay/query.ts";
import type { Store } from "../../store/store.ts";
import { finish } from "../../store/work.ts";
import { maskQueries } from "../../telemetry/mask-queries.ts";
import { isAsked } from "../turn/asked.ts";
import { Handover } from "../turn/handover.ts";
import type { PullDeps } from "../turn/job.ts";
import { ofUpstream } from "../conversation/upstream-span.ts";
import type { ListQuestion } from "./outbox.ts";
import { isBroken } from "../conversation/refusal.ts";
import { problemWith } from "../conversation/upstream.ts";

const ANSWER_MILLISECONDS = 20_000;

/** Returns the stored events of one replaceable kind of these authors. `now` is in Unix seconds. */
export async function readLists(
  store: Pick<Store, "read" | "load">,
  { kind, authors }: { kind: number; authors: readonly string[] },
  now: number,
): Promise<Event[]> {
  const found: Event[] = [];
  const most = authors.length;
  const filters = [{ kinds: [kind], authors: [...authors], tags: [] }];
  const config = { DEFAULT_LIMIT: most, MAX_LIMIT: most, EOSE_HINTS: "off" } as const;
  const send = (events: { json: string }[]) => {
    for (const { json } of events) found.push(JSON.parse(json) as Event);
  };
  await finish(answerFilters(store, { filters, view: { keys: [], now } }, config, send));
  return found;
}

/** Asks an upstream, and queues what is new. Returns how many events that were. Rejects with what went wrong. */
export function fetchLists(url: string, questions: readonly ListQuestion[], deps: PullDeps): Promise<number> {
  const about = ofUpstream(url);
  return deps.tracer.span("pull", { attributes: { upstream: url } }, async (span) => {
    const upstream = await deps.tracer.span("connect", about, () => deps.connect(url));
    deps.metrics.add("relay_connect_counts", { source: "upstream" });
    const handover = new Handover(url, deps);
    try {
      let fetched = 0;
      for (const { kind, authors } of questions) {
        const question = { kinds: [kind], authors, limit: authors.length };
        const answer = await deps.tracer.span("handle_message", about, () =>
          upstream.ask(question, ANSWER_MILLISECONDS),
        );
        fetched += (
          await handover.take(
            answer.events.filter((event) => isAsked(question, event)),
            span,
          )
        ).length;
        if (isBroken(answer.ending))
          throw new Error(`no lists from ${maskQueries(url)}: ${problemWith(answer.ending, answer.notice)}`);
      }
      return fetched;
    } finally {
      deps.tracer.span("cleanup", {}, () => upstream.close());
      deps.metrics.add("message_received_counts", { source: "upstream" }, upstream.traffic.frames);
      deps.metrics.add("cleanup_counts", { source: "upstream" });
    }
  });
}
