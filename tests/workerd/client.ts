/** A client on a real WebSocket of the runtime, which remembers everything that it is sent. */
import { expect, vi } from "vitest";

export type Frame = [verb: string, ...unknown[]];

export interface Client {
  /** Everything that it was sent. */
  frames: Frame[];
  say(...message: unknown[]): void;
  /** Word for word. */
  sayText(frame: string | ArrayBuffer): void;
  /** The next frames that nobody has asked for yet, up to the first with this verb. */
  upTo(verb: string): Promise<Frame[]>;
  /** What it was sent since somebody last asked. */
  take(): Frame[];
  close(): void;
}

/** `to` answers the upgrade: the Worker, or a hub. */
export async function connect(
  to: { fetch(url: string, init: RequestInit): Promise<Response> },
  url = "https://relay.test/",
): Promise<Client> {
  const { webSocket: socket, status } = await to.fetch(url, { headers: { upgrade: "websocket" } });
  if (!socket) throw new Error(`no WebSocket, but ${status}`);
  const frames: Frame[] = [];
  socket.addEventListener("message", ({ data }) => void frames.push(JSON.parse(String(data)) as Frame));
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
  };
}

/** Tries until there is something, which is neither nothing nor zero. */
export function eventually<T>(attempt: () => T | Promise<T>, problem: () => string): Promise<T> {
  return vi.waitFor(
    async () => {
      const found = await attempt();
      expect(Boolean(found), problem()).toBe(true);
      return found;
    },
    { timeout: 15_000, interval: 5 },
  );
}

/** The events among these frames, each as `[subscription, id]`. */
export function eventsIn(frames: Frame[]): [subscription: string, id: string][] {
  return frames
    .filter(([verb]) => verb === "EVENT")
    .map(([, subscription, event]) => [subscription as string, (event as { id: string }).id]);
}
