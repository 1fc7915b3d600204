/** One COUNT (NIP-45). It has the same access rules as a REQ, but does not open or end a subscription. */
import type { Filter } from "../../nostr/filter.ts";
import { type Refusal, closedFrame, countFrame } from "../../nostr/message.ts";
import type { CountResult, Store } from "../../store/store.ts";
import { COUNT_COST, type ReadOutcome, type Reads } from "../reads.ts";
import { type ReadAccess, readerOf, viewOf } from "./reader.ts";
import type { Session } from "./session.ts";

/** What a COUNT needs of its hub. */
export interface CountDeps {
  store: Pick<Store, "count">;
  reads: Pick<Reads, "run">;
  access: ReadAccess;
  /** Unix seconds. */
  now(): number;
  /** Logs an error whose details the client does not get. */
  report(error: unknown): void;
}

/** Maximum number of unanswered COUNTs of one connection. */
const MOST_WAITED_FOR = 20;

export async function count(
  deps: CountDeps,
  session: Session,
  query: string,
  filters: Filter[],
): Promise<void> {
  if (session.counting >= MOST_WAITED_FOR) {
    const reason = `${MOST_WAITED_FOR} of your COUNTs are not answered yet: wait for one of them`;
    session.send(closedFrame(query, "rate-limited", reason));
    return;
  }
  session.counting += 1;
  try {
    session.send(await answerTo(deps, session, query, filters));
  } finally {
    session.counting -= 1;
  }
}

async function answerTo(
  deps: CountDeps,
  session: Session,
  query: string,
  filters: Filter[],
): Promise<string> {
  const view = viewOf(session, deps.now());
  try {
    const outcome = await deps.reads.run({
      reader: readerOf(session, deps.access),
      filters,
      owner: session,
      work: () => deps.store.count(filters.map((filter) => ({ filter, view }))),
      // The count has its own bound, beyond which it estimates.
      mostLooked: Infinity,
      firstCost: COUNT_COST,
    });
    if (outcome.kind === "dropped") return closedFrame(query, "error", "the connection has ended");
    const counted = countedBy(outcome);
    if (counted.ok) return countFrame(query, counted.value);
    return closedFrame(query, counted.refusal.prefix, counted.refusal.reason);
  } catch (error) {
    deps.report(error);
    return closedFrame(query, "error", "the stored events could not be counted; try again");
  }
}

/** What a read counted. One that was stopped counted all the same when it had the exact number by then. */
export function countedBy(
  outcome: Exclude<ReadOutcome<CountResult>, { kind: "dropped" }>,
): { ok: true; value: CountResult } | { ok: false; refusal: Refusal } {
  const isRefused = outcome.kind === "refused" || (outcome.kind === "stopped" && outcome.value.isEstimate);
  return isRefused ? { ok: false, refusal: outcome.refusal } : { ok: true, value: outcome.value };
}
