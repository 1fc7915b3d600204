/** A program that misbehaves towards a relay until it is killed: `node hostile-clients.ts PORT ATTACK`. */
import { connect, type Socket } from "node:net";

const [port = "", attack = ""] = process.argv.slice(2);
/** Whoever is not on the relay's own machine is limited. Locally the relay believes this header. */
const ELSEWHERE = "cf-connecting-ip: 203.0.113.66\r\n";

const ATTACKS: Record<string, () => Promise<void>> = {
  async "slow readers"() {
    for (const socket of await many(10, () => open())) {
      socket.pause();
      for (let n = 0; n < 20; n += 1) say(socket, ["REQ", `s${n}`, {}]);
    }
  },

  async "half-open sockets"() {
    for (const socket of await many(100, () => dial())) socket.write("GET / HTTP/1.1\r\nUpgrade: webs");
    await many(100, () => dial());
    // A frame of 100 bytes that never comes.
    for (const socket of await many(100, () => open()))
      socket.write(Buffer.from([0x81, 0x80 | 100, 0, 0, 0, 0]));
  },

  async "1,000 idle connections"() {
    await many(1000, () => open());
  },

  async "a flood of REQs"() {
    const sockets = await many(5, () => open(ELSEWHERE));
    repeat(() => {
      for (const socket of sockets) for (let n = 0; n < 20; n += 1) say(socket, ["REQ", "s", {}]);
    });
  },

  async "a flood of subscription ids"() {
    const [socket, elsewhere] = [await open(), await open(ELSEWHERE)];
    let n = 0;
    repeat(() => {
      for (const end = n + 20; n < end; n += 1) {
        say(socket, ["REQ", `s${n}`, { kinds: [n % 65_536] }]);
        say(elsewhere, ["REQ", `s${n}`, { kinds: [n % 65_536] }]);
      }
    });
  },

  async "messages of 10 MB"() {
    const socket = await open();
    const id = "ab".repeat(32);
    const message = frame(JSON.stringify(["EVENT", { id, content: "x".repeat(10_000_000) }]));
    const send = () => socket.write(message);
    // The next one when the last one was answered.
    socket.on("data", (data: Buffer) => {
      if (data.includes(`["OK","${id}",false,"invalid: the message is longer than`)) setTimeout(send, 100);
    });
    send();
  },

  async "rapid reconnects"() {
    repeat(async () => {
      for (const headers of ["", ELSEWHERE]) {
        const socket = await open(headers);
        say(socket, ["REQ", "s", { limit: 1 }]);
        socket.destroy();
      }
    });
  },
};

function many<T>(count: number, make: () => Promise<T>): Promise<T[]> {
  return Promise.all(Array.from({ length: count }, make));
}

/** 50 times a second. */
function repeat(act: () => void | Promise<void>): void {
  setInterval(() => void act(), 20);
}

function dial(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), "localhost", () => resolve(socket));
    // The relay may hang up on whoever behaves like this.
    socket.on("error", reject).on("data", () => undefined);
  });
}

/** Resolves when the relay has answered: with a WebSocket, or with a refusal. */
async function open(headers = ""): Promise<Socket> {
  const socket = await dial();
  socket.write(
    `GET / HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${headers}` +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
  );
  await new Promise((answered) => socket.once("data", answered).once("close", answered));
  return socket;
}

function say(socket: Socket, message: unknown[]): void {
  // What the relay does not take from us does not pile up here.
  if (socket.writable && socket.writableLength < 1_000_000) socket.write(frame(JSON.stringify(message)));
}

/** Of text, with a mask of zeros. */
function frame(text: string): Buffer {
  const payload = Buffer.from(text);
  const header = Buffer.alloc(14);
  header[0] = 0x81;
  header[1] = 0x80 | 127;
  header.writeBigUInt64BE(BigInt(payload.length), 2);
  return Buffer.concat([header, payload]);
}

await ATTACKS[attack]?.();
console.log("attacking");
setInterval(() => undefined, 1000);
