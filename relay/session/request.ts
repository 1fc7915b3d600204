/**
 * One REQ, from registration to EOSE. The subscription is filed before its stored events are read, so no event is lost between
 * the two. The end of the log that the answer covers decides which events are stored and which are live. If it stays open,
 * `settling.ts` saves it and declares its keys.
 */
import { type Filter, valuesIn } from "../../nostr/filter.ts";
import { type Event, kindClass } from "../../nostr/event.ts";
import { type Refusal, closedFrame, eoseFrame, eventFrame } from "../../nostr/message.ts";
import { mayRead } from "../../nostr/visibility.ts";
import type { Store, StoredEvent } from "../../store/store.ts";
import type { Work } from "../../store/work.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { Config } from "../config.ts";
import { filingCost } from "../limits/cost.ts";
import type { Pacer } from "../limits/pacer.ts";
import type { RateLimiter } from "../limits/rate-limiter.ts";
import type { Feed } from "../live/feed.ts";
import { liveEvent, Subscription } from "../live/subscription.ts";
import { keysOf } from "../live/subscription-index.ts";
import { answerFilters, readLog, type StoredAnswer } from "../query.ts";
import { boundsRefusal, type Reads } from "../reads.ts";
import { type ReadAccess, readerOf, viewOf } from "./reader.ts";
import type { Session } from "./session.ts";
import type { Settling } from "./settling.ts";
import type { Subscriptions } from "./subscriptions.ts";

/** What a REQ needs of its hub. */
export interface RequestDeps {
  config: Config;
  store: Pick<Store, "read" | "load" | "log">;
  reads: Pick<Reads, "run" | "charge">;
  access: ReadAccess;
  subscriptions: Pick<Subscriptions, "open" | "finish" | "close" | "end" | "fullFor">;
  feed: Pick<Feed<Session>, "head" | "interest" | "position" | "startsAt">;
  settling: Pick<Settling, "settleSoon">;
  limiter: Pick<RateLimiter, "charge">;
  /** Ends a session that does not read its earlier answers. */
  endIfUnread(session: Session): void;
  pacer: Pick<Pacer, "turn">;
  metrics: Metrics;
  /** Unix seconds. */
  now(): number;
  /** Logs an error whose details the client does not get. */
  report(error: unknown): void;
}

/** Filing a subscription with this many values takes up to 3 ms. */
export const FEW_VALUES = 500;

/** `after`: in place of the stored events, those of the log after this position are sent, oldest first. */
export interface Requested {
  id: string;
  filters: Filter[];
  after?: number;
}

/**
 * Maximum number of events of the log that are looked at for a client that comes back. Beyond it, its subscription ends with
 * `error:`.
 */
export const MOST_MISSED = 20_000;

export async function request(
  deps: RequestDeps,
  session: Session,
  { id, filters, after }: Requested,
): Promise<void> {
  const { subscriptions, reads, access } = deps;
  subscriptions.close(session, id);
  const refusal =
    capacityRefusal(deps, session, filters) ?? boundsRefusal(filters, session.keys, deps.config);
  if (refusal) {
    session.send(closedFrame(id, refusal.prefix, refusal.reason));
    return;
  }
  const subscription = new Subscription(session, id, filters);
  const isWanted = () => session.subscriptions.get(id) === subscription;
  let sent = 0;
  const send = (events: StoredEvent[]) => {
    // Others may have been sent since it was asked for.
    if (sent === 0) deps.endIfUnread(session);
    if (!isWanted()) return;
    sendStored(deps, subscription, events);
    sent += events.length;
  };
  if (!(await isFiled(deps, subscription, isWanted))) return;
  try {
    const outcome = await reads.run({
      reader: readerOf(session, access),
      filters,
      owner: subscription,
      sends: after !== undefined || filters.some(({ limit }) => limit !== 0),
      isWanted,
      work: () =>
        after === undefined
          ? storedAnswer(deps, subscription, send)
          : missedAnswer(deps, subscription, { after, send }),
      ...(after !== undefined && { mostLooked: MOST_MISSED }),
    });
    if (outcome.kind === "dropped" || !isWanted()) return;
    if (outcome.kind === "refused") subscriptions.end(session, id, outcome.refusal);
    else if (outcome.kind === "done" || !outcome.value.answer.unfinished)
      endOfStored(deps, subscription, outcome.value, sent);
    else subscriptions.end(session, id, stopped(outcome.refusal, outcome.value.answer));
  } catch (error) {
    deps.report(error);
    if (!isWanted()) return;
    subscriptions.close(session, id);
    session.send(closedFrame(id, "error", "the stored events could not be read; try again"));
  }
}

/** Returns a refusal that says how far the answer came, so that the client can continue there. */
function stopped({ prefix, reason }: Refusal, { unfinished }: StoredAnswer): Refusal {
  const reached = unfinished?.reached;
  const progress =
    reached === undefined
      ? "the answer is not complete: ask for less at once"
      : `every match newer than ${reached} was sent: go on with "until":${reached}`;
  return { prefix, reason: `${reason}; ${progress}` };
}

interface Stored {
  answer: StoredAnswer;
  /** The answer, or the events held back for it, cover the log up to here. */
  coveredTo: number;
  /** Whether the switchboard knows its keys. Otherwise the hub may be missing later events. */
  isDeclared: boolean;
}

/** Reads the stored events. If the keys are declared meanwhile, fills the gap between the two. */
async function* storedAnswer(
  deps: RequestDeps,
  subscription: Subscription<Session>,
  send: (events: StoredEvent[]) => void,
): Work<Stored> {
  const { store, config, feed } = deps;
  const headBefore = feed.head;
  const { session, filters } = subscription;
  const keys = keysOf(filters);
  const isKnown = feed.interest.knows(keys);
  const isDeclared = isKnown || filters.some(mayBeEphemeral);
  const declared = isDeclared && !isKnown ? feed.interest.cover(keys) : Promise.resolve(0);
  // Awaited below, after the read has succeeded or failed.
  declared.catch(() => undefined);
  const answer = yield* answerFilters(store, { filters, view: viewOf(session, deps.now()) }, config, send);
  const headAfter = await declared;
  // The answer may come from a replica, or be older than what the hub knew before it asked, or older than the first
  // delivery of a hub that had expected none.
  const isBehind = answer.head < Math.max(headBefore, headAfter, feed.position.start);
  // At once: later subscriptions must see from which position on the hub misses nothing.
  feed.startsAt(answer.head);
  const holds = isDeclared && isBehind;
  const coveredTo = holds ? await holdMissed(deps, subscription, answer.head) : answer.head;
  return { answer, coveredTo, isDeclared };
}

/** Sends the events of the log after a position. They are charged only if the client may see them. */
async function* missedAnswer(
  deps: RequestDeps,
  subscription: Subscription<Session>,
  { after, send }: { after: number; send: (events: StoredEvent[]) => void },
): Work<Stored> {
  const { session } = subscription;
  const matches = subscription.matcher();
  let coveredTo = after;
  for await (const page of readLog(deps.store, after)) {
    coveredTo = page.coveredTo;
    const events = page.events.map(({ seq, json }) => liveEvent(seq, JSON.parse(json) as Event, json));
    const seen = events.filter(
      ({ readers, expiresAt }) =>
        mayRead(session.keys, readers) && (expiresAt === undefined || expiresAt > deps.now()),
    );
    const wanted = new Set(seen.filter(({ event }) => matches(event)).map(({ seq }) => seq));
    send(page.events.filter(({ seq }) => wanted.has(seq)));
    const bytes = page.events.reduce((sum, { json }) => sum + json.length, 0);
    const left = yield { looked: page.events.length, charge: seen.length, bytes };
    if (left === 0) {
      const answer = { more: true, head: coveredTo, unfinished: { reached: undefined } };
      return { answer, coveredTo, isDeclared: false };
    }
  }
  deps.feed.startsAt(coveredTo);
  return { answer: { more: false, head: coveredTo }, coveredTo, isDeclared: false };
}

/**
 * Whether a filter asks for ephemeral events. The log cannot fill them in, so its keys are declared before EOSE. A filter of
 * ids without kinds asks for known events.
 */
function mayBeEphemeral({ ids, kinds }: Filter): boolean {
  return kinds ? kinds.some((kind) => kindClass(kind) === "ephemeral") : !ids;
}

function sendStored(deps: RequestDeps, { session, id }: Subscription<Session>, events: StoredEvent[]): void {
  for (const { json } of events) session.sendStored(eventFrame(id, json));
  deps.reads.charge(session, events);
}

/** Returns the log position up to which the read looked. */
async function holdMissed(
  deps: RequestDeps,
  subscription: Subscription<Session>,
  after: number,
): Promise<number> {
  let coveredTo = after;
  const matches = subscription.matcher();
  for await (const page of readLog(deps.store, after)) {
    coveredTo = page.coveredTo;
    for (const { seq, json } of page.events) {
      const event = JSON.parse(json) as Event;
      if (matches(event)) subscription.offer(liveEvent(seq, event, json), deps.now());
    }
  }
  return coveredTo;
}

function endOfStored(
  deps: RequestDeps,
  subscription: Subscription<Session>,
  { answer, coveredTo, isDeclared }: Stored,
  events: number,
): void {
  const { session, id, filters } = subscription;
  const hint = answer.more ? "more" : "finish";
  session.send(eoseFrame(id, deps.config.EOSE_HINTS === "on" ? hint : undefined));
  if (isAllOf(filters, events)) {
    deps.subscriptions.finish(subscription);
    return;
  }
  deps.settling.settleSoon(subscription);
  const sent = isDeclared
    ? subscription.goLive(answer.head, coveredTo, deps.now())
    : subscription.waitForDeclaration(answer.head, deps.now());
  deps.metrics.add("events_delivered_total", { source: "websocket" }, sent);
}

/**
 * Whether so many events are all that can ever match: one for each id that was asked for. A filter that ends in the past
 * can still get events, because they may arrive long after they were created.
 */
function isAllOf(filters: Filter[], events: number): boolean {
  const ids = filters.flatMap((filter) => filter.ids ?? []);
  return filters.every((filter) => filter.ids) && new Set(ids).size === events;
}

/**
 * Files the subscription at its turn, unless it was closed before or there is no room. Filing and declaring thousands of
 * values takes as long as a read, so clients that were served less go first.
 */
async function isFiled(
  deps: RequestDeps,
  subscription: Subscription<Session>,
  isWanted: () => boolean,
): Promise<boolean> {
  const { session, id, values } = subscription;
  // So that a CLOSE finds it while it waits.
  session.add(subscription);
  const cost = filingCost(values);
  deps.limiter.charge(session, cost);
  if (values > FEW_VALUES) await deps.pacer.turn(session.client, cost);
  if (!isWanted()) return false;
  const full = deps.subscriptions.fullFor(session);
  if (full) deps.subscriptions.end(session, id, full);
  else deps.subscriptions.open(subscription);
  return full === undefined;
}

/** Returns why the connection or the hub has no room for a subscription. */
function capacityRefusal(deps: RequestDeps, session: Session, filters: Filter[]): Refusal | undefined {
  const { config } = deps;
  const full = deps.subscriptions.fullFor(session);
  if (full) return full;
  if (session.subscriptions.size >= config.MAX_SUBSCRIPTIONS) {
    const reason = `${config.MAX_SUBSCRIPTIONS} subscriptions are open: close one first`;
    return { prefix: "rate-limited", reason };
  }
  const values = session.values + valuesIn(filters);
  if (session.subscriptions.size > 0 && values > config.MAX_FILTER_VALUES) {
    const reason = `your subscriptions would have ${values} ids, authors, kinds and tag values; at most ${config.MAX_FILTER_VALUES} are allowed: close one first, or ask for less`;
    return { prefix: "rate-limited", reason };
  }
  return undefined;
}
