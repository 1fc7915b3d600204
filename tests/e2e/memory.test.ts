/** A hub lives for weeks, so no message may leave anything in its memory. */
import type { Event } from "nostr-tools";
import { expect, test } from "vitest";
import { connect, publishAll, query, someEvents } from "./client.ts";
import { startInspected } from "./inspected-relay.ts";
import { recordSpans } from "./zipkin-recorder.ts";

const MESSAGES = Number(process.env["MESSAGES"] ?? 3000);
/** A span that is not freed takes 1,000. */
const MOST_BYTES_PER_MESSAGE = 300;

test(`memory stays flat over ${MESSAGES} messages with tracing on`, async () => {
  const recorder = await recordSpans();
  const { url, heap } = await startInspected({ ZIPKIN_URL: recorder.url });
  const relay = await connect(url);
  const events = someEvents(100, "again");

  await sendMessages(relay, events, 3000);
  const before = await heap();
  await sendMessages(relay, events, MESSAGES);
  const after = await heap();

  expect(recorder.spans.length).toBeGreaterThan(MESSAGES / 2);
  expect((after - before) / MESSAGES).toBeLessThan(MOST_BYTES_PER_MESSAGE);
});

/** Sends REQ, CLOSE and EVENT in turn. The events are stored once, and are duplicates from then on. */
async function sendMessages(relay: Awaited<ReturnType<typeof connect>>, events: Event[], count: number) {
  for (let sent = 0; sent < count; sent += 300) {
    await publishAll(relay, events);
    await Promise.all(events.map(({ id }) => query(relay, { ids: [id] })));
  }
}
