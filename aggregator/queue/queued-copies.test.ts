import { expect, it } from "vitest";
import { eventId } from "../../nostr/event.ts";
import { fakeUpstream } from "../../tests/fixtures/fake-upstream.ts";
import { aPuller, NOW } from "../../tests/fixtures/puller.ts";
import { signedEvent } from "../../tests/fixtures/signed-events.ts";
import { QueuedCopies } from "./queued-copies.ts";

function copies(clock = { now: 1000 }) {
  return new QueuedCopies({ eventId, now: () => clock.now });
}

it("knows an event that was queued, for ten minutes", () => {
  const clock = { now: 1000 };
  const queued = copies(clock);
  const [one, other] = [signedEvent({ content: "one" }), signedEvent({ content: "other" })];
  queued.add([one]);
  expect([queued.has({ ...one }), queued.has(other)]).toEqual([true, false]);
  clock.now += 599;
  expect(queued.has(one)).toBe(true);
  clock.now += 1;
  expect(queued.has(one)).toBe(false);
});

it("a forged event does not keep out the true one", () => {
  const event = signedEvent({ content: "true" });
  const queued = copies();
  const forged = { ...event, content: "forged" };
  const unsigned = { ...event, sig: "0".repeat(128) };
  queued.add([forged, unsigned]);
  expect(queued.has(event)).toBe(false);
  queued.add([event]);
  expect(queued.has(event)).toBe(true);
  expect(queued.has(unsigned)).toBe(false);
});

it("two pulls at the same time queue each event once, and the second one goes on", async () => {
  const events = Array.from({ length: 3 }, (_, n) => signedEvent({ content: `${n}`, created_at: NOW - n }));
  const queued = copies();
  const pulls = [events, events.slice(1), events].map((held) => aPuller(fakeUpstream(held), { queued }));
  for (const { pull } of pulls) expect((await pull()).isUnfinished).toBe(false);
  expect(pulls.map((puller) => puller.queued().length)).toEqual([3, 0, 0]);
  // What the queue refused is not on it.
  const again = copies();
  const refusing = aPuller(fakeUpstream(events), {
    queued: again,
    enqueue: () => Promise.reject(new Error("full")),
  });
  expect((await refusing.pull()).problem).toBe("full");
  expect(events.filter((event) => again.has(event))).toEqual([]);
});

it("forgets the oldest beyond 50,000, and what is no event", () => {
  const queued = copies();
  const event = signedEvent({});
  const many = Array.from({ length: 50_001 }, (_, n) => ({ ...event, id: n.toString(16).padStart(64, "0") }));
  const trusting = new QueuedCopies({ eventId: ({ id }: { id: string }) => id, now: () => 1000 });
  trusting.add(many);
  expect([trusting.has(many[0]), trusting.has(many[1]), trusting.has(many.at(-1))]).toEqual([
    false,
    true,
    true,
  ]);
  for (const nothing of [undefined, null, 1, "a", [], {}, { id: event.id }]) {
    queued.add([nothing]);
    expect(queued.has(nothing)).toBe(false);
  }
});
