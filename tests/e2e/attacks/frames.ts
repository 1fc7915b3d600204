/** Attacks with malformed messages: too long, too deep, in pieces, or not text. */
import type { Attack } from "./attackers.ts";
import { list } from "./attackers.ts";
import { frame, type Peer } from "./peer.ts";

const TEXT = 0x81;
const BINARY = 0x82;
const PING = 0x89;
const ID = "ab".repeat(32);

export const FRAME_ATTACKS: Attack[] = [
  {
    name: "messages of 10 MB",
    answered: ["OK false invalid", "closed"],
    async run(attackers) {
      const message = frame(JSON.stringify(["EVENT", { id: ID, content: "x".repeat(10_000_000) }]));
      const begun = new WeakSet<Peer>();
      await attackers.flood(1, 100, (peer) => {
        if (begun.has(peer)) return;
        begun.add(peer);
        const count = peer.onAnswer;
        // Send the next one when the last one is answered.
        peer.onAnswer = (head) => {
          count(head);
          if (head.startsWith(`["OK","${ID}",false`)) setTimeout(() => peer.send(message), 100);
        };
        peer.send(message);
      });
    },
  },
  {
    name: "40 unfinished frames of 30 MB",
    answered: [],
    // workerd buffers a message until it is complete, up to 32 MiB each. No setting lowers that.
    mostBytes: 1_700_000_000,
    async run(attackers) {
      const part = Buffer.alloc(1_000_000, "x");
      const peers = await attackers.peers(40);
      for (const peer of peers) peer.socket.write(frame("[", TEXT, 30_000_001));
      await attackers.flood(0, 1000, () => undefined);
      let sent = 0;
      const more = () => {
        const peer = peers[sent % peers.length];
        if (sent < 29 * peers.length && peer?.isOpen) peer.socket.write(part);
        sent += 1;
      };
      setInterval(more, 1);
    },
  },
  {
    name: "a message in pieces of one byte",
    answered: [],
    run: (attackers) =>
      attackers.flood(5, 20, (peer, turn) => {
        const pieces = list(200, (n) => frame("x", turn === 1 && n === 0 ? 0x01 : 0x00));
        peer.send(Buffer.concat(pieces));
      }),
  },
  sends("arrays in arrays, 250,000 deep", ["NOTICE invalid", "closed"], "[".repeat(250_000)),
  sends(
    "a filter with arrays in arrays, 100,000 deep",
    ["NOTICE invalid", "CLOSED invalid", "closed"],
    `["REQ","s",{"#t":${"[".repeat(100_000)}${"]".repeat(100_000)}}]`,
  ),
  sends(
    "events with 40,000 fields of their own",
    ["OK false invalid", "closed"],
    `["EVENT",{"id":"${ID}",${list(40_000, (n) => `"k${n}":0`).join(",")}}]`,
  ),
  sends(
    "filters of 40,000 fields",
    ["CLOSED unsupported", "CLOSED invalid", "NOTICE invalid", "closed"],
    `["REQ","s",{${list(40_000, (n) => `"k${n}":0`).join(",")}}]`,
  ),
  sends(
    "filters of 200,000 kinds",
    ["CLOSED invalid", "CLOSED restricted", "CLOSED error", "CLOSED rate-limited", "closed"],
    `["REQ","s",{"kinds":[${list(200_000, () => "1").join(",")}]}]`,
  ),
  sends("long numbers", ["NOTICE invalid", "closed"], `["REQ","s",{"limit":${"9".repeat(400_000)}}`),
  sends("escapes without end", ["NOTICE invalid", "closed"], `["${"\\u0041".repeat(80_000)}`),
  sends("text that is not UTF-8", ["closed", "NOTICE invalid"], Buffer.alloc(50_000, 0xff)),
  sends("binary messages", ["NOTICE invalid", "closed"], Buffer.alloc(200_000), BINARY),
  sends("opcodes that mean nothing", [], "x", 0x83),
  sends("frames that pretend to be compressed", [], "x", 0xc1),
  {
    name: "a flood of ping frames",
    answered: [],
    run: (attackers) =>
      attackers.flood(5, 20, (peer) => peer.send(Buffer.concat(list(200, () => frame("x", PING))))),
  },
  {
    name: 'a flood of "ping" messages',
    answered: ["pong", "?"],
    run: (attackers) =>
      attackers.flood(5, 20, (peer) => peer.send(Buffer.concat(list(100, () => frame("ping"))))),
  },
  {
    name: "a flood of messages that say nothing",
    answered: ["NOTICE invalid", "closed"],
    run: (attackers) =>
      attackers.flood(5, 20, (peer) => peer.send(Buffer.concat(list(100, () => frame(""))))),
  },
  {
    name: "a flood of CLOSE and of unknown verbs",
    answered: ["NOTICE unsupported", "closed"],
    run: (attackers) =>
      attackers.flood(5, 20, (peer) => {
        const said = list(50, () => Buffer.concat([frame('["CLOSE","s"]'), frame('["HELLO"]')]));
        peer.send(Buffer.concat(said));
      }),
  },
];

/** An attack that sends the same message 20 times a second on each of five connections. */
function sends(name: string, answered: string[], payload: string | Buffer, first = TEXT): Attack {
  const message = frame(payload, first);
  return { name, answered, run: (attackers) => attackers.flood(5, 50, (peer) => peer.ask(message)) };
}
