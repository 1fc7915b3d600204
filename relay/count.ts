/** One COUNT (NIP-45): refused like a REQ, and seen with the same eyes, but it opens and ends no subscription. */
import type { Filter } from "../nostr/filter.ts";
import { closedFrame, countFrame } from "../nostr/message.ts";
import type { Hub } from "./hub.ts";
import { filtersRefusal } from "./request.ts";
import type { Session } from "./session.ts";
import { answerCost } from "./toll.ts";

/** That one connection may wait for. */
const MOST_WAITED_FOR = 20;

export async function count(hub: Hub, session: Session, query: string, filters: Filter[]): Promise<void> {
  if (session.counting >= MOST_WAITED_FOR) {
    const reason = `${MOST_WAITED_FOR} counts are not answered yet, wait for one first`;
    session.send(closedFrame(query, "rate-limited", reason));
    return;
  }
  session.counting += 1;
  session.send(await answerTo(hub, session, query, filters));
  session.counting -= 1;
}

async function answerTo(hub: Hub, session: Session, query: string, filters: Filter[]): Promise<string> {
  const { store, config, metrics } = hub.deps;
  try {
    const refusal =
      filtersRefusal(session, filters, config) ?? (await hub.moderator.refuseRead(session.keys));
    if (refusal) return closedFrame(query, refusal.prefix, refusal.reason);
    const view = hub.viewOf(session);
    const queries = filters.map((filter) => ({ filter, view }));
    const work = async () => hub.tooMuch(session) ?? store.count(queries);
    const counted = await hub.read(session, session, work);
    if (!counted) return closedFrame(query, "error", "the connection has ended");
    if ("prefix" in counted) return closedFrame(query, counted.prefix, counted.reason);
    hub.toll.pay(session, answerCost(filters.length, counted.cost.rowsRead, []));
    metrics.add("d1_rows_read", "websocket", counted.cost.rowsRead);
    metrics.add("d1_rows_written", "websocket", counted.cost.rowsWritten);
    return countFrame(query, counted);
  } catch (error) {
    hub.deps.report(error);
    return closedFrame(query, "error", "the stored events could not be counted, try again");
  }
}
