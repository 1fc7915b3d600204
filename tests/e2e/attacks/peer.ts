/** A WebSocket client that writes raw bytes, so that it can send what a library would refuse to send. */
import type { Socket } from "node:net";

/** How much of an answer is looked at, in bytes. */
const HEAD = 300;
/** If the relay does not read, no more than this many bytes wait here. */
const MOST_UNSENT = 2_000_000;

export class Peer {
  readonly socket: Socket;
  /** Number of messages that still wait for an answer. */
  unanswered = 0;
  /** Called with the beginning of each answer. */
  onAnswer: (head: string) => void = () => undefined;
  private rest: Buffer = Buffer.alloc(0);
  private skip = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on("data", (data: Buffer) => this.take(data));
  }

  get isOpen(): boolean {
    return this.socket.writable;
  }

  say(...message: unknown[]): boolean {
    return this.ask(frame(JSON.stringify(message)));
  }

  /** Sends a message that the relay answers. */
  ask(bytes: Buffer): boolean {
    if (!this.send(bytes)) return false;
    this.unanswered += 1;
    return true;
  }

  /** Returns false if the message was not sent: the connection is closed, or the relay reads too slowly. */
  send(bytes: Buffer): boolean {
    if (!this.isOpen || this.socket.writableLength > MOST_UNSENT) return false;
    this.socket.write(bytes);
    return true;
  }

  private answer(head: string): void {
    if (!/^\["(EVENT|AUTH)"/.test(head)) this.unanswered = Math.max(0, this.unanswered - 1);
    this.onAnswer(head);
  }

  private take(data: Buffer): void {
    this.rest = this.rest.length > 0 ? Buffer.concat([this.rest, data]) : data;
    for (;;) {
      const skipped = Math.min(this.skip, this.rest.length);
      this.rest = this.rest.subarray(skipped);
      this.skip -= skipped;
      const found = readHeader(this.rest);
      if (this.skip > 0 || !found) return;
      const end = found.header + Math.min(found.length, HEAD);
      if (this.rest.length < end) return;
      const isText = (this.rest[0] ?? 0) === 0x81;
      if (isText) this.answer(this.rest.toString("utf8", found.header, end));
      this.skip = found.header + found.length;
    }
  }
}

/** Parses the header of a frame from the relay, which has no mask. */
function readHeader(bytes: Buffer): { header: number; length: number } | undefined {
  const short = (bytes[1] ?? 0) & 0x7f;
  const header = short === 127 ? 10 : short === 126 ? 4 : 2;
  if (bytes.length < header) return undefined;
  if (short === 127) return { header, length: Number(bytes.readBigUInt64BE(2)) };
  return { header, length: short === 126 ? bytes.readUInt16BE(2) : short };
}

/** Returns a frame with a mask of zeros. `announced` is the length in its header, if it is not the real one. */
export function frame(payload: string | Buffer, first = 0x81, announced?: number): Buffer {
  const bytes = Buffer.from(payload as string);
  const length = announced ?? bytes.length;
  const short = length < 126;
  const header = Buffer.alloc(short ? 6 : 14);
  header[0] = first;
  header[1] = 0x80 | (short ? length : 127);
  if (!short) header.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([header, bytes]);
}

/** Returns the kind of an answer: `["OK","…",false,"invalid: …"]` is "OK false invalid". */
export function kindOfAnswer(head: string): string {
  const parts = /^\["([A-Z-]+)"(?:,"[^":]*")?(?:,(true|false))?(?:,"([a-z-]+):)?/.exec(head) ?? ["", "?"];
  return parts
    .slice(1)
    .filter((part) => part !== undefined)
    .join(" ");
}
