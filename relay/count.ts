/** One COUNT (NIP-45): refused like a REQ, and seen with the same eyes, but it opens and ends no subscription. */
import type { Filter } from "../nostr/filter.ts";
import { closedFrame, countFrame } from "../nostr/message.ts";
import type { Hub } from "./hub.ts";
import { filtersRefusal } from "./request.ts";
import type { Session } from "./session.ts";
import { answerCost } from "./toll.ts";

export async function count(hub: Hub, session: Session, query: string, filters: Filter[]): Promise<void> {
  session.send(await answerTo(hub, session, query, filters));
}

async function answerTo(hub: Hub, session: Session, query: string, filters: Filter[]): Promise<string> {
  const { store, config, metrics } = hub.deps;
  try {
    const refusal =
      filtersRefusal(session, filters, config) ?? (await hub.moderator.refuseRead(session.keys));
    if (refusal) return closedFrame(query, refusal.prefix, refusal.reason);
    const view = hub.viewOf(session);
    const queries = filters.map((filter) => ({ filter, view }));
    const counted = await hub.read(session, async () => hub.tooMuch(session) ?? store.count(queries));
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
