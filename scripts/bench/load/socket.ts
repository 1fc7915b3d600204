/**
 * A WebSocket client that costs little, so that the relay is what is measured: frames are made before they are sent, and
 * messages stay bytes. Masked with zeros, a frame can be sent again and by anyone. It asks for no compression.
 */
import { createHash, randomBytes } from "node:crypto";
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { CommandError, messageOf } from "../../shared/usage.ts";

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
const IS_FINAL = 0x80;
const IS_MASKED = 0x80;
const ACCEPT = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const OPEN_MILLISECONDS = 60_000;

export interface Line {
  send(frame: Buffer): void;
  /** Called with the payload of each text message. It is valid only during the call. */
  onMessage: (payload: Buffer) => void;
  /** Called once if the connection ends otherwise than by `end`: at once if it has ended already. */
  onEnd: (reason: string) => void;
  end(): void;
}

/** Returns a message as a frame that can be sent any number of times. */
export function frameOf(message: unknown[] | string): Buffer {
  return frame(TEXT, Buffer.from(typeof message === "string" ? message : JSON.stringify(message)));
}

/** Opens a connection. Rejects if the relay does not accept it within a minute. */
export async function openLine(url: string): Promise<Line> {
  const { socket, head } = await handshake(new URL(url));
  let endedWith: string | undefined;
  let onEnd: Line["onEnd"] = () => undefined;
  const ended = (reason: string) => {
    if (endedWith === undefined) {
      endedWith = reason;
      onEnd(reason);
    }
    socket.destroy();
  };
  const line: Line = {
    send: (frame) => void socket.write(frame),
    onMessage: () => undefined,
    get onEnd() {
      return onEnd;
    },
    set onEnd(listener) {
      onEnd = listener;
      if (endedWith !== undefined) listener(endedWith);
    },
    end() {
      onEnd = () => undefined;
      socket.end(frame(CLOSE, Buffer.of(3, 232)));
      setTimeout(() => socket.destroy(), 1000).unref();
    },
  };
  const parser = new Parser((opcode, payload) => {
    if (opcode === TEXT) line.onMessage(payload);
    else if (opcode === PING) socket.write(frame(PONG, payload));
    else if (opcode === CLOSE)
      ended(`closed with ${payload.length >= 2 ? payload.readUInt16BE() : "no code"}`);
  });
  socket.on("data", (chunk) => {
    // What is answered to several messages is sent together.
    socket.cork();
    parser.push(chunk);
    socket.uncork();
  });
  socket.on("error", (error) => ended(messageOf(error)));
  socket.on("close", () => ended("the connection was lost"));
  // When the caller has said who takes the messages.
  setImmediate(() => {
    if (head.length > 0) parser.push(head);
    socket.resume();
  });
  return line;
}

/** Splits bytes into messages. */
class Parser {
  private readonly take: (opcode: number, payload: Buffer) => void;
  private rest: Buffer[] = [];
  private length = 0;
  /** So many bytes are needed before there is anything to take. */
  private needed = 2;
  private parts: Buffer[] = [];
  private opcode = TEXT;

  constructor(take: (opcode: number, payload: Buffer) => void) {
    this.take = take;
  }

  push(chunk: Buffer): void {
    this.rest.push(chunk);
    this.length += chunk.length;
    if (this.length < this.needed) return;
    const bytes = this.rest.length === 1 ? chunk : Buffer.concat(this.rest);
    let at = 0;
    for (;;) {
      const end = this.frameAt(bytes, at);
      if (end === undefined) break;
      at = end;
    }
    this.rest = at < bytes.length ? [bytes.subarray(at)] : [];
    this.length = bytes.length - at;
  }

  /** Takes the frame that begins here and returns its end; undefined if it is not complete. */
  private frameAt(bytes: Buffer, at: number): number | undefined {
    const available = bytes.length - at;
    this.needed = 2;
    if (available < 2) return undefined;
    const short = (bytes[at + 1] ?? 0) & 127;
    const head = short < 126 ? 2 : short === 126 ? 4 : 10;
    this.needed = head;
    if (available < head) return undefined;
    const length =
      short < 126
        ? short
        : short === 126
          ? bytes.readUInt16BE(at + 2)
          : Number(bytes.readBigUInt64BE(at + 2));
    this.needed = head + length;
    if (available < head + length) return undefined;
    const first = bytes[at] ?? 0;
    this.taken(first, bytes.subarray(at + head, at + head + length));
    return at + head + length;
  }

  private taken(first: number, payload: Buffer): void {
    const opcode = first & 15;
    if (opcode >= CLOSE) return this.take(opcode, payload);
    if (opcode !== 0) this.opcode = opcode;
    if ((first & IS_FINAL) !== 0 && this.parts.length === 0) return this.take(this.opcode, payload);
    this.parts.push(Buffer.from(payload));
    if ((first & IS_FINAL) === 0) return;
    const whole = Buffer.concat(this.parts);
    this.parts = [];
    this.take(this.opcode, whole);
  }
}

function frame(opcode: number, payload: Buffer): Buffer {
  const { length } = payload;
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  head[0] = IS_FINAL | opcode;
  if (length < 126) head[1] = IS_MASKED | length;
  else if (length < 65_536) {
    head[1] = IS_MASKED | 126;
    head.writeUInt16BE(length, 2);
  } else {
    head[1] = IS_MASKED | 127;
    head.writeBigUInt64BE(BigInt(length), 2);
  }
  return Buffer.concat([head, Buffer.alloc(4), payload]);
}

/** Resolves with the paused socket of an open WebSocket, and what has come after the handshake. */
function handshake(url: URL): Promise<{ socket: Socket; head: Buffer }> {
  const isSecure = url.protocol === "wss:";
  const port = Number(url.port || (isSecure ? 443 : 80));
  // `npm start` forwards ::1, which costs CPU.
  const host = url.hostname === "localhost" ? "127.0.0.1" : url.hostname.replace(/^\[(.*)\]$/, "$1");
  const key = randomBytes(16).toString("base64");
  return new Promise((resolve, reject) => {
    const socket = isSecure ? connectTls({ port, host, servername: host }) : connectTcp({ port, host });
    const timer = setTimeout(() => failed("no answer within a minute"), OPEN_MILLISECONDS);
    const failed = (reason: string) => {
      clearTimeout(timer);
      socket.destroy();
      reject(new CommandError(`cannot connect to ${url.href}: ${reason}`));
    };
    const lost = (error: Error) => failed(messageOf(error));
    const closed = () => failed("the connection was closed");
    let answer = Buffer.alloc(0);
    const read = (chunk: Buffer) => {
      answer = Buffer.concat([answer, chunk]);
      const end = answer.indexOf("\r\n\r\n");
      if (end < 0) return;
      const text = answer.toString("latin1", 0, end);
      if (!text.startsWith("HTTP/1.1 101 ") || !text.includes(acceptOf(key)))
        return failed(text.split("\r\n", 1)[0] ?? "");
      clearTimeout(timer);
      socket.pause().off("data", read).off("error", lost).off("close", closed);
      resolve({ socket, head: answer.subarray(end + 4) });
    };
    socket.setNoDelay();
    socket.on("data", read);
    socket.on("error", lost).on("close", closed);
    socket.write(
      `GET ${url.pathname}${url.search} HTTP/1.1\r\nHost: ${url.host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    );
  });
}

function acceptOf(key: string): string {
  return createHash("sha1")
    .update(key + ACCEPT)
    .digest("base64");
}
