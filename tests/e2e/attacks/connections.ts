/** Attacks with connections: very many, endless and silent ones. */
import type { Socket } from "node:net";
import { type Attack, type Attackers, every, many } from "./attackers.ts";
import { frame } from "./peer.ts";

export const CONNECTION_ATTACKS: Attack[] = [
  idle("1,000 idle connections of one address", 1000, 1),
  idle("2,000 idle connections of one address", 2000, 1),
  idle("2,500 idle connections of five addresses", 2500, 5),
  {
    name: "half-open sockets",
    answered: [],
    async run(attackers) {
      for (const socket of await many(100, () => attackers.dial()))
        socket.write("GET / HTTP/1.1\r\nUpgrade: webs");
      await many(100, () => attackers.dial());
      // Announces a frame of 100 bytes, and never sends it.
      for (const peer of await attackers.peers(100)) peer.socket.write(frame("", 0x81, 100).subarray(0, 6));
    },
  },
  {
    name: "upgrades of one byte at a time",
    answered: [],
    async run(attackers) {
      const sockets = await many(500, () => attackers.dial());
      const bytes = Buffer.from(attackers.upgrade(0, `x-filler: ${"x".repeat(4000)}\r\n`));
      let at = 0;
      every(20, () => {
        for (const socket of sockets) if (socket.writable) socket.write(bytes.subarray(at, at + 1));
        at += 1;
      });
    },
  },
  {
    name: "headers without end",
    answered: [],
    async run(attackers) {
      const sockets = await many(20, () => attackers.dial());
      for (const socket of sockets) socket.write("GET / HTTP/1.1\r\n");
      every(20, () => {
        for (const socket of sockets) writeSome(socket, `x-filler: ${"x".repeat(4000)}\r\n`);
      });
    },
  },
  {
    name: "a storm of new connections",
    answered: ["HTTP 101"],
    run: (attackers) => storm(attackers, 5),
  },
  {
    name: "a storm of new connections of one address",
    answered: ["HTTP 101"],
    run: (attackers) => storm(attackers, 1),
  },
  {
    name: "rapid reconnects with a REQ each",
    answered: ["HTTP 101"],
    run(attackers) {
      let turn = 0;
      every(20, () => {
        turn += 1;
        for (const at of [turn, turn + 1]) {
          void attackers.peer(at).then((peer) => {
            peer.say("REQ", "s", { limit: 1 });
            peer.socket.destroy();
          });
        }
      });
    },
  },
  {
    name: "sockets that are opened and closed at once",
    answered: [],
    run(attackers) {
      every(20, () => {
        void many(10, () => attackers.dial()).then((sockets) =>
          sockets.forEach((socket) => socket.destroy()),
        );
      });
    },
  },
  {
    name: "connections that announce their end and stay",
    answered: ["HTTP 101"],
    run: (attackers) => attackers.flood(20, 50, (peer) => peer.send(frame("", 0x88))),
  },
];

function idle(name: string, connections: number, addresses: number): Attack {
  return {
    name,
    answered: ["HTTP 101"],
    async run(attackers) {
      for (let opened = 0; opened < connections; opened += 100)
        await many(100, (n) => attackers.peer(n % addresses));
    },
  };
}

/** Opens 500 connections a second, but waits while 20 are unanswered. Each stays open for a second. */
function storm(attackers: Attackers, addresses: number): void {
  let [opening, opened] = [0, 0];
  every(20, () => {
    for (let n = 0; n < 10 && opening < 20; n += 1) {
      opening += 1;
      opened += 1;
      void attackers
        .peer(opened % addresses)
        .then(({ socket }) => setTimeout(() => socket.destroy(), 1000))
        .finally(() => (opening -= 1));
    }
  });
}

function writeSome(socket: Socket, text: string): void {
  if (socket.writable && socket.writableLength < 1_000_000) socket.write(text);
}
