/** A client on a real WebSocket of the runtime. It records everything that it is sent. */
import { runInDurableObject } from "cloudflare:test";
import { expect, vi } from "vitest";
import type { HubObject } from "../../worker/main.ts";

export type Frame = [verb: string, ...unknown[]];

export interface Client {
  /** All frames that it was sent. */
  frames: Frame[];
  say(...message: unknown[]): void;
  /** Sends a frame as it is. */
  sayText(frame: string | ArrayBuffer): void;
  /** Returns the next frames that were not returned yet, up to the first with this verb. */
  upTo(verb: string): Promise<Frame[]>;
  /** Returns all frames that were not returned yet. */
  take(): Frame[];
  close(): void;
  /** Resolves when the relay ends the connection. */
  ended: Promise<[code: number, reason: string]>;
}

/** Connects. `to` is the Worker or a hub, which answers the upgrade. */
export async function connect(
  to: { fetch(url: string, init: RequestInit): Promise<Response> },
  url = "https://relay.test/",
): Promise<Client> {
  const { webSocket: socket, status } = await to.fetch(url, { headers: { upgrade: "websocket" } });
  if (!socket) throw new Error(`no WebSocket, but ${status}`);
  const frames: Frame[] = [];
  socket.addEventListener("message", ({ data }) => void frames.push(JSON.parse(String(data)) as Frame));
  const ended = new Promise<[number, string]>((resolve) => {
    socket.addEventListener("close", ({ code, reason }) => resolve([code, reason]));
  });
  socket.accept();
  let taken = 0;
  const take = (end = frames.length) => {
    const fresh = frames.slice(taken, end);
    taken = end;
    return fresh;
  };
  return {
    frames,
    say: (...message) => socket.send(JSON.stringify(message)),
    sayText: (frame) => socket.send(frame),
    async upTo(verb) {
      const end = await eventually(
        () => frames.findIndex(([each], at) => at >= taken && each === verb) + 1,
        () => `no ${verb} among ${JSON.stringify(frames.slice(taken)).slice(0, 500)}`,
      );
      return take(end);
    },
    take: () => take(),
    close: () => socket.close(1000),
    ended,
  };
}

/** Tries until the result is truthy, and returns it. */
export function eventually<T>(attempt: () => T | Promise<T>, problem: () => string): Promise<T> {
  return vi.waitFor(
    async () => {
      const found = await attempt();
      expect(Boolean(found), problem()).toBe(true);
      return found;
    },
    { timeout: 45_000, interval: 5 },
  );
}

/** Returns the events among these frames, each as `[subscription, id]`. */
export function eventsIn(frames: Frame[]): [subscription: string, id: string][] {
  return frames
    .filter(([verb]) => verb === "EVENT")
    .map(([, subscription, event]) => [subscription as string, (event as { id: string }).id]);
}

/** Waits until a hub has declared and saved its subscriptions. On the platform it does not hibernate before. */
export async function settled(hub: DurableObjectStub<HubObject>): Promise<void> {
  await eventually(
    () =>
      runInDurableObject(hub, (_, state) =>
        state.getWebSockets().every((socket) => {
          const { unsaved } = socket.deserializeAttachment() as { unsaved?: true };
          return unsaved === undefined;
        }),
      ),
    () => "a subscription is not saved",
  );
}
