/** Bodies of requests that are being read. All together are in memory, and a client may send many at once, without an end. */
import { joined } from "./read-bounded.ts";

/** In bytes. An isolate of a Worker has 128 MB; there are a few of the longest bodies in it. */
export const MOST_READING = 32_000_000;

interface Reading {
  client: unknown;
  chunks: Uint8Array[];
  size: number;
  /** Its bytes are dropped, because there was no room for all. */
  isCut: boolean;
}

/** Created once for each process or isolate. */
export class BodyRoom {
  private readonly most: number;
  /** In the order in which they began. */
  private readonly reading = new Set<Reading>();
  private size = 0;

  constructor(most = MOST_READING) {
    this.most = most;
  }

  /**
   * Reads a body. Does not trust Content-Length. `"too-long"`: it has more than `longest` bytes. `"no-room"`: others came, and its
   * client had the most bytes of all. The rest is not read then. `"broken"`: the client has left, or has sent what is not HTTP.
   */
  async read(
    body: ReadableStream<Uint8Array> | null,
    { client, longest }: { client: unknown; longest: number },
  ): Promise<Uint8Array<ArrayBuffer> | "too-long" | "no-room" | "broken"> {
    const one: Reading = { client, chunks: [], size: 0, isCut: false };
    this.reading.add(one);
    try {
      const reader = body?.getReader();
      for (let part = await reader?.read(); part?.value; part = await reader?.read()) {
        if (!one.isCut) this.add(one, part.value);
        if (!one.isCut && one.size <= longest) continue;
        await reader?.cancel();
        return one.isCut ? "no-room" : "too-long";
      }
      return one.isCut ? "no-room" : joined(one.chunks, one.size);
    } catch {
      // Each runtime has another error for it.
      return "broken";
    } finally {
      this.drop(one);
    }
  }

  private add(one: Reading, chunk: Uint8Array): void {
    one.chunks.push(chunk);
    one.size += chunk.length;
    this.size += chunk.length;
    while (this.size > this.most) this.cut();
  }

  /** Drops the body that began first, of the client that has the most. On Workers, only the request itself may end its reading. */
  private cut(): void {
    const sizes = new Map<unknown, number>();
    for (const { client, size } of this.reading) sizes.set(client, (sizes.get(client) ?? 0) + size);
    const most = Math.max(...sizes.values());
    const first = [...this.reading].find(({ client, size }) => size > 0 && sizes.get(client) === most);
    if (!first) return;
    first.isCut = true;
    this.drop(first);
  }

  private drop(one: Reading): void {
    if (!this.reading.delete(one)) return;
    this.size -= one.size;
    one.chunks.length = 0;
  }
}
