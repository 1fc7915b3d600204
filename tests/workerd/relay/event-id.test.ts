/** The platform's hash makes the ids that the protocol requires. */
import { expect, it } from "vitest";
import { eventId } from "../../../nostr/event.ts";
import { nativeEventId } from "../../../platforms/event-id.ts";
import { signedEvent } from "../../fixtures/signed-events.ts";

it.each([
  ["nothing", ""],
  ["control characters", '\u0000\u0001"\\\n\u2028'],
  ["characters of two, three and four bytes", "éﷺ👩‍👩‍👦"],
  ["300 kB", "\u1112\u1161\u11AB".repeat(33_000)],
])("[1] of an event that holds %s", (_, content) => {
  const event = signedEvent({ content, tags: [["t", content.slice(0, 100)]] });
  expect(nativeEventId(event)).toBe(event.id);
  expect(eventId(event)).toBe(event.id);
});
