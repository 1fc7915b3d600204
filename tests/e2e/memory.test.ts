/** A hub lives for weeks, so no message may leave anything in its memory. */
import { join } from "node:path";
import { Miniflare } from "miniflare";
import type { Event } from "nostr-tools";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { miniflareOptions } from "../../scripts/local/runtime.ts";
import { connect, publishAll, query, someEvents } from "./client.ts";
import { freePort, temporaryFolder } from "./programs.ts";
import { recordSpans } from "./zipkin-recorder.ts";

const MESSAGES = Number(process.env["MESSAGES"] ?? 6000);
/** A span that is not freed takes 1,000. */
const MOST_BYTES_PER_MESSAGE = 300;

test(`memory stays flat over ${MESSAGES} messages with tracing on`, async () => {
  const recorder = await recordSpans();
  const port = await freePort();
  const settings = { ZIPKIN_URL: recorder.url };
  const options = await miniflareOptions({ port, state: join(temporaryFolder(), "state"), settings });
  const miniflare = new Miniflare({ ...options, inspectorPort: 0 });
  onTestFinished(() => miniflare.dispose());
  await miniflare.ready;
  const relay = await connect(`ws://localhost:${port}`);
  const events = someEvents(100, "again");
  const heap = await inspectHeap(new URL("/core:user:tributary", await miniflare.getInspectorURL()));

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

/** Returns a function that measures the heap, after a garbage collection, of the isolate of a Worker and its objects. */
async function inspectHeap(url: URL): Promise<() => Promise<number>> {
  const socket = new WebSocket(url);
  onTestFinished(() => socket.close());
  await new Promise((open, failed) => socket.once("open", open).once("error", failed));
  const call = (id: number, method: string) =>
    new Promise<{ usedSize: number }>((resolve) => {
      socket.on("message", (data: Buffer) => {
        const answer = JSON.parse(data.toString()) as { id: number; result: { usedSize: number } };
        if (answer.id === id) resolve(answer.result);
      });
      socket.send(JSON.stringify({ id, method }));
    });
  let id = 0;
  return async () => {
    await call((id += 1), "HeapProfiler.collectGarbage");
    return (await call((id += 1), "Runtime.getHeapUsage")).usedSize;
  };
}
