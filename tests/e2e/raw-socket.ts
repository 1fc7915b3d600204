/** A WebSocket client over TCP that parses frames by hand, so that no library hides what the relay sent. */
import { randomBytes } from "node:crypto";
import { connect, type Socket } from "node:net";

export interface RawFrame {
  opcode: number;
  payload: Buffer;
}

/** What stands for a Close frame without a code (RFC 6455, 7.4.1). */
const NO_CODE = 1005;

export const OPCODE = { text: 1, close: 8 } as const;

export interface RawSocket {
  /** All frames received so far. */
  frames: RawFrame[];
  send(opcode: number, payload: Buffer): void;
  say(...message: unknown[]): void;
  /** Resolves with the first frame that satisfies, past or future. Rejects if the connection ends first. */
  receives(satisfies: (frame: RawFrame) => boolean): Promise<RawFrame>;
  /** Ends the TCP connection. */
  destroy(): void;
}

export async function openRawSocket(port: number): Promise<RawSocket> {
  const socket = connect(port, "localhost");
  const frames: RawFrame[] = [];
  const watchers = new Set<() => void>();
  let buffered = await handshake(socket, port);
  let hasEnded = false;
  const read = (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk]);
    for (let frame = takeFrame(); frame; frame = takeFrame()) frames.push(frame);
    for (const look of watchers) look();
  };
  const takeFrame = (): RawFrame | undefined => {
    const parsed = parseFrame(buffered);
    if (parsed) buffered = buffered.subarray(parsed.end);
    return parsed?.frame;
  };
  socket.on("data", read);
  socket.on("error", () => undefined);
  socket.on("close", () => {
    hasEnded = true;
    for (const look of watchers) look();
  });
  read(Buffer.alloc(0));
  const send = (opcode: number, payload: Buffer) => void socket.write(maskedFrame(opcode, payload));
  return {
    frames,
    send,
    say: (...message) => send(OPCODE.text, Buffer.from(JSON.stringify(message))),
    receives: (satisfies) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const found = frames.find(satisfies);
          if (!found && !hasEnded) return;
          watchers.delete(look);
          if (found) resolve(found);
          else reject(new Error("the connection ended without the frame that was waited for"));
        };
        watchers.add(look);
        look();
      }),
    destroy: () => void socket.destroy(),
  };
}

/** Returns the verb of a text frame that contains a Nostr message. */
export function verbOf({ opcode, payload }: RawFrame): unknown {
  return opcode === OPCODE.text ? (JSON.parse(payload.toString()) as unknown[])[0] : undefined;
}

/** Returns the code of a Close frame, or 1005: it has none. */
export function closeCodeOf({ payload }: RawFrame): number {
  return payload.length >= 2 ? payload.readUInt16BE(0) : NO_CODE;
}

/** Returns the payload of a Close frame: two bytes of code, then the reason. */
export function closePayload(code: number | undefined, reason = ""): Buffer {
  if (code === undefined) return Buffer.alloc(0);
  const payload = Buffer.alloc(2);
  payload.writeUInt16BE(code);
  return Buffer.concat([payload, Buffer.from(reason)]);
}

/** Upgrades the connection. Resolves with the bytes that came after the answer. */
function handshake(socket: Socket, port: number): Promise<Buffer> {
  const request = [
    "GET / HTTP/1.1",
    `Host: localhost:${port}`,
    "Connection: Upgrade",
    "Upgrade: websocket",
    "Sec-WebSocket-Version: 13",
    `Sec-WebSocket-Key: ${randomBytes(16).toString("base64")}`,
  ];
  return new Promise((resolve, reject) => {
    let received = Buffer.alloc(0);
    const read = (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]);
      const end = received.indexOf("\r\n\r\n");
      if (end < 0) return;
      socket.off("data", read);
      const [status = ""] = received.toString("latin1").split("\r\n");
      if (status.includes(" 101 ")) resolve(received.subarray(end + 4));
      else reject(new Error(`the upgrade was answered ${status}`));
    };
    socket.on("data", read);
    socket.once("error", reject);
    socket.write(`${request.join("\r\n")}\r\n\r\n`);
  });
}

/** Parses a frame (RFC 6455, 5.2). Servers send no masks, and this relay sends no fragments. */
function parseFrame(bytes: Buffer): { frame: RawFrame; end: number } | undefined {
  if (bytes.length < 2) return undefined;
  const opcode = bytes.readUInt8(0) & 15;
  const short = bytes.readUInt8(1) & 127;
  const start = { 126: 4, 127: 10 }[short] ?? 2;
  if (bytes.length < start) return undefined;
  const long = { 126: () => bytes.readUInt16BE(2), 127: () => Number(bytes.readBigUInt64BE(2)) };
  const length = short === 126 || short === 127 ? long[short]() : short;
  const end = start + length;
  return bytes.length < end ? undefined : { frame: { opcode, payload: bytes.subarray(start, end) }, end };
}

/** Returns a masked frame, as clients must send (RFC 6455, 5.3). */
function maskedFrame(opcode: number, payload: Buffer): Buffer {
  const mask = randomBytes(4);
  const header = Buffer.alloc(payload.length < 126 ? 2 : payload.length < 65_536 ? 4 : 10);
  header.writeUInt8(0x80 | opcode, 0);
  if (payload.length < 126) header.writeUInt8(0x80 | payload.length, 1);
  else if (payload.length < 65_536) {
    header.writeUInt8(0x80 | 126, 1);
    header.writeUInt16BE(payload.length, 2);
  } else {
    header.writeUInt8(0x80 | 127, 1);
    header.writeBigUInt64BE(BigInt(payload.length), 2);
  }
  const masked = payload.map((byte, at) => byte ^ (mask[at % 4] ?? 0));
  return Buffer.concat([header, mask, masked]);
}
