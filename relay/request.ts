/**
 * One REQ from registration to EOSE. The subscription is live before its stored events are read, so that nothing
 * falls between the two, and the place in the log that the answer knew of decides what is old and what is live.
 */
import type { Filter } from "../nostr/filter.ts";
import type { Event } from "../nostr/event.ts";
import { closedFrame, eoseFrame, eventFrame } from "../nostr/message.ts";
import { needsKeys } from "../nostr/reader.ts";
import type { Hub } from "./hub.ts";
import { answerFilters, boundedLimit, readLog, type StoredAnswer } from "./query.ts";
import { liveEvent, type Session, Subscription } from "./session.ts";
import { filterKeys } from "./subscriptions.ts";
import { answerCost, expectedCost, QUERY_COST } from "./toll.ts";

export async function request(hub: Hub, session: Session, id: string, filters: Filter[]): Promise<void> {
  hub.unsubscribe(session, id);
  const refusal = refusalOf(hub, session, filters);
  if (refusal) {
    session.send(closedFrame(id, refusal.prefix, refusal.reason));
    return;
  }
  const subscription = new Subscription(session, id, filters);
  const isCurrent = () => session.subscriptions.get(id) === subscription;
  hub.subscribe(subscription);
  // Also by those who ask anew before it is their turn.
  hub.toll.pay(session, QUERY_COST * filters.length);
  try {
    const refusal = await hub.moderator.refuseRead(session.keys);
    if (refusal) {
      if (isCurrent()) hub.endSubscription(session, id, refusal);
      return;
    }
    // Closed, or asked anew, meanwhile.
    if (!isCurrent()) return;
    await hub.read(session, subscription, async () => {
      const refusal = hub.tooMuch(session);
      if (refusal) {
        hub.endSubscription(session, id, refusal);
        return;
      }
      const { answer, upTo } = await storedAnswer(hub, subscription);
      if (isCurrent()) deliverAnswer(hub, subscription, answer, upTo);
    });
  } catch (error) {
    hub.deps.report(error);
    if (!isCurrent()) return;
    hub.unsubscribe(session, id);
    session.send(closedFrame(id, "error", "the stored events could not be read, try again"));
  }
}

/**
 * Reads, while the switchboard learns of the new wishes; then makes good what fell between the two. `upTo`: the
 * subscription holds, or was answered with, everything up to there.
 */
async function storedAnswer(
  hub: Hub,
  subscription: Subscription,
): Promise<{ answer: StoredAnswer; upTo: number }> {
  const { store, config, metrics } = hub.deps;
  const told = hub.head;
  const { session, filters } = subscription;
  const expected = expectedCost(filters.map(({ limit }) => boundedLimit(limit, config)));
  hub.toll.pay(session, expected);
  const [answer, passed] = await Promise.all([
    answerFilters(store, filters, hub.viewOf(session), config),
    hub.interest.cover(filters.flatMap(filterKeys)),
  ]);
  hub.toll.pay(session, answerCost(0, answer.cost.rowsRead, answer.events) - expected);
  metrics.add("d1_rows_read", "websocket", answer.cost.rowsRead);
  // The answer may come from a replica, or be older than what the hub had heard of before it asked, or than
  // the first news of a hub that had not waited for any.
  const isBehind = answer.head < Math.max(told, passed, hub.position.start);
  // At once: whoever comes later must see from where on the hub misses nothing.
  hub.startsAt(answer.head);
  return { answer, upTo: isBehind ? await holdMissed(hub, subscription, answer.head) : answer.head };
}

/** Up to where it looked. */
async function holdMissed(hub: Hub, subscription: Subscription, after: number): Promise<number> {
  let reached = after;
  const matches = subscription.matcher();
  for await (const { events, upTo } of readLog(hub.deps.store, after)) {
    reached = upTo;
    for (const { seq, json } of events) {
      const event = JSON.parse(json) as Event;
      if (matches(event)) subscription.offer(liveEvent(seq, event, json), hub.deps.now());
    }
  }
  return reached;
}

function deliverAnswer(hub: Hub, subscription: Subscription, answer: StoredAnswer, upTo: number): void {
  const { session, id, filters } = subscription;
  for (const { json } of answer.events) session.send(eventFrame(id, json));
  session.memory.keep({ id, filters, from: upTo });
  session.send(eoseFrame(id, answer.more ? "more" : "finish"));
  const sent = subscription.goLive(answer.head, upTo, hub.deps.now());
  hub.deps.metrics.add("events_delivered_counts", "websocket", sent);
}

/** What no session may ask for, whatever the verb. */
export function filtersRefusal(session: Session, filters: Filter[], config: Hub["deps"]["config"]) {
  if (filters.length > config.MAX_FILTERS) {
    return {
      prefix: "invalid",
      reason: `${filters.length} filters, at most ${config.MAX_FILTERS} are taken`,
    } as const;
  }
  const values = valuesIn(filters);
  if (values > config.MAX_FILTER_VALUES) {
    const reason = `${values} ids, authors, kinds and tag values, at most ${config.MAX_FILTER_VALUES} are taken: ask for less at once`;
    return { prefix: "invalid", reason } as const;
  }
  if (session.keys.size === 0 && filters.some(needsKeys)) {
    const reason = "events of these kinds are shown to those involved, authenticate as one of them";
    return { prefix: "auth-required", reason } as const;
  }
  return undefined;
}

function refusalOf(hub: Hub, session: Session, filters: Filter[]) {
  const { config } = hub.deps;
  if (hub.isFull) {
    const reason = "this relay holds as many subscriptions as it can, try again later";
    return { prefix: "rate-limited", reason } as const;
  }
  if (session.subscriptions.size >= config.MAX_SUBSCRIPTIONS) {
    const reason = `${config.MAX_SUBSCRIPTIONS} subscriptions are open, close one first`;
    return { prefix: "rate-limited", reason } as const;
  }
  const held = [...session.subscriptions.values()].flatMap((subscription) => subscription.filters);
  const values = valuesIn([...held, ...filters]);
  if (held.length > 0 && values > config.MAX_FILTER_VALUES) {
    const reason = `ids, authors, kinds and tag values of your subscriptions would be ${values}, at most ${config.MAX_FILTER_VALUES} are taken: close one first, or ask for less`;
    return { prefix: "rate-limited", reason } as const;
  }
  return filtersRefusal(session, filters, config);
}

function valuesIn(filters: Filter[]): number {
  return filters.reduce((sum, filter) => sum + valuesOf(filter), 0);
}

function valuesOf({ ids, authors, kinds, tags }: Filter): number {
  return [ids, authors, kinds, ...tags.map(({ values }) => values)].reduce(
    (sum, list) => sum + (list?.length ?? 0),
    0,
  );
}
