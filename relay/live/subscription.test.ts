import { describe, expect, it } from "vitest";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import { eventsIn, type Frame, NOW } from "../../tests/fixtures/hubs.ts";
import { KeptSession } from "../../tests/fixtures/kept-session.ts";
import { strangersIdentity } from "../../tests/fixtures/strangers.ts";
import { Session } from "../session/session.ts";
import { type LiveEvent, liveEvent, Subscription } from "./subscription.ts";

function subscribed(from?: number) {
  const frames: Frame[] = [];
  const session = new Session(
    { send: (frame) => void frames.push(JSON.parse(frame) as Frame), close: () => undefined },
    new KeptSession(),
    strangersIdentity(),
  );
  const subscription = new Subscription(
    session,
    "s",
    [
      { tags: [], kinds: [1] },
      { tags: [], ids: [] },
    ],
    from,
  );
  return { subscription, ids: () => eventsIn(frames).map(([, id]) => id) };
}

function live(seq: number | undefined, content = String(seq)): LiveEvent {
  return liveEvent(seq, signedEvent({ content }));
}

describe("[15] a subscription whose stored events are being read", () => {
  it("holds back what is live, and sends afterwards what the answer did not know, in the order of the log", () => {
    const { subscription, ids } = subscribed();
    const [two, four, three, passing] = [live(2), live(4), live(3), live(undefined, "ephemeral")];
    for (const each of [passing, four, two, three]) expect(subscription.offer(each, NOW)).toBe(false);
    expect(ids()).toEqual([]);
    expect(subscription.goLive(2, 2, NOW)).toBe(3);
    expect(ids()).toEqual([three.event.id, four.event.id, passing.event.id]);
  });

  it("sends once what came twice", () => {
    const { subscription, ids } = subscribed();
    const [a, b] = [live(3), live(undefined, "ephemeral")];
    for (const each of [a, a, b, b]) subscription.offer(each, NOW);
    expect(subscription.goLive(0, 0, NOW)).toBe(2);
    expect(ids()).toEqual([a.event.id, b.event.id]);
  });
});

it("[15] a live subscription sends what is later than its stored answer", () => {
  const { subscription, ids } = subscribed(5);
  const [old, fresh, passing] = [live(5), live(6), live(undefined, "ephemeral")];
  expect([old, fresh, passing].map((each) => subscription.offer(each, NOW))).toEqual([false, true, true]);
  expect(ids()).toEqual([fresh.event.id, passing.event.id]);
});

it("[11] matches when any filter does", () => {
  const { subscription } = subscribed();
  const matches = subscription.matcher();
  expect([1, 7].map((kind) => matches(signedEvent({ kind })))).toEqual([true, false]);
});
