/** A relay whose heap can be measured while it runs. */
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Miniflare } from "miniflare";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { miniflareOptions } from "../../scripts/local/runtime.ts";
import { freePort } from "../../scripts/bench/relays/free-port.ts";
import { temporaryFolder } from "./programs.ts";

/** Starts a relay, and returns its address and how to measure its heap. It ends with the test. */
export async function startInspected(
  settings: Record<string, string> = {},
): Promise<{ url: string; heap(): Promise<number> }> {
  const port = await freePort();
  const options = await miniflareOptions({ port, state: join(temporaryFolder(), "state"), settings });
  const miniflare = new Miniflare({ ...options, inspectorPort: 0 });
  onTestFinished(() => miniflare.dispose());
  await miniflare.ready;
  const heap = await inspectHeap(new URL("/core:user:tributary", await miniflare.getInspectorURL()));
  return { url: `ws://localhost:${port}`, heap: () => whileAwake(`http://localhost:${port}`, heap()) };
}

/** Asks the Worker something until the measurement is there: workerd does not look at its inspector while it has nothing to do. */
async function whileAwake(url: string, measuring: Promise<number>): Promise<number> {
  const done = new AbortController();
  void measuring.finally(() => done.abort());
  while (!done.signal.aborted) {
    await (await fetch(url, { headers: { accept: "application/nostr+json" } })).text();
    await Promise.race([measuring, setTimeout(20)]);
  }
  return measuring;
}

/** Returns a function that measures the heap, after a garbage collection, of the isolate of a Worker and its objects. */
async function inspectHeap(url: URL): Promise<() => Promise<number>> {
  const socket = new WebSocket(url);
  onTestFinished(() => socket.close());
  await new Promise((open, failed) => socket.once("open", open).once("error", failed));
  const call = (id: number, method: string) =>
    new Promise<{ usedSize: number }>((resolve) => {
      const take = (data: Buffer) => {
        const answer = JSON.parse(data.toString()) as { id: number; result: { usedSize: number } };
        if (answer.id !== id) return;
        socket.off("message", take);
        resolve(answer.result);
      };
      socket.on("message", take);
      socket.send(JSON.stringify({ id, method }));
    });
  let id = 0;
  return async () => {
    await call((id += 1), "HeapProfiler.collectGarbage");
    return (await call((id += 1), "Runtime.getHeapUsage")).usedSize;
  };
}
