/** Attacks with events that are slow to check, store or remove, and with writers who never wait. */
import type { Attack } from "./attackers.ts";
import { list } from "./attackers.ts";
import { badlySigned, NOW, publicKeyOf, signed } from "./events.ts";
import { frame, type Peer } from "./peer.ts";
import { SCRIBES, VANISHING } from "./scene.ts";

const STORED = ["OK true"];
const AUTHOR = new Uint8Array(32).fill(94);
let made = 0;

export const WRITING_ATTACKS: Attack[] = [
  pipelines("a writer with 64 events in flight", 1, 64),
  pipelines("8 writers with 64 events in flight", 8, 64),
  pipelines("a writer with 500 events in flight", 1, 500),
  pipelines("ephemeral events, 64 in flight on 5 connections", 5, 64, () => next({ kind: 20_001 })),
  pipelines("versions of one replaceable event, 64 in flight", 2, 64, () => next({ kind: 10_002 }, AUTHOR)),
  pipelines("versions of one addressable event, 64 in flight", 2, 64, () =>
    next({ kind: 30_023, tags: [["d", "same"]] }, AUTHOR),
  ),
  {
    // The newest second of everybody's feed, from now on.
    name: "300 events of one second, dated ahead",
    answered: ["OK true"],
    async run(attackers) {
      const peer = await attackers.peer();
      for (const event of list(300, () => next({ created_at: NOW + 800 }))) peer.say("EVENT", event);
      await attackers.flood(0, 1000, () => undefined);
    },
  },
  publishes("bad signatures", { milliseconds: 20, answered: ["OK false invalid"] }, () =>
    list(5, () => badlySigned()),
  ),
  publishes(
    "bad signatures of events of 200 kB",
    { milliseconds: 100, answered: ["OK false invalid"] },
    () => [badlySigned({ content: `${(made += 1)} ${"x".repeat(200_000)}` })],
  ),
  duplicates("a stored event of 200 kB again and again", { content: "x".repeat(200_000) }),
  duplicates("a stored event of 4,800 tags again and again", { tags: list(4800, (n) => ["t", `${n}`]) }),
  publishes("events of 4,800 indexed tags", { milliseconds: 500, answered: STORED }, () => [
    next({ tags: list(4800, (n) => ["t", `${made} ${n}`]) }),
  ]),
  publishes("events of 250 kB of text", { milliseconds: 200, answered: STORED }, () => [
    next({ content: list(35_000, (n) => `w${(n * 7919 + made) % 65_536}`).join(" ") }),
  ]),
  publishes(
    "events that have expired",
    { milliseconds: 20, answered: ["OK false invalid", "OK true"] },
    () => [next({ tags: [["expiration", `${NOW - 10}`]] })],
  ),
  publishes("events that expire in a second", { milliseconds: 20, answered: STORED }, () => [
    next({ tags: [["expiration", `${Math.floor(Date.now() / 1000) + 1}`]] }),
  ]),
  {
    name: "deletions of 2,000 events each",
    answered: STORED,
    run: (attackers) =>
      attackers.flood(2, 500, (peer, turn) => {
        const secret = SCRIBES[turn % 2] as Uint8Array;
        const address = (n: number) => `30000:${publicKeyOf(secret)}:${n}`;
        peer.say(
          "EVENT",
          signed({ kind: 5, created_at: NOW + turn, tags: list(2000, (n) => ["a", address(n)]) }, secret),
        );
      }),
  },
  publishes("deletions of 2,000 ids that are not there", { milliseconds: 500, answered: STORED }, () => [
    next({ kind: 5, tags: list(2000, (n) => ["e", (made * 4000 + n).toString(16).padStart(64, "0")]) }),
  ]),
  {
    name: "a request to vanish of an author of 20,000 events",
    answered: [],
    async run(attackers) {
      const peer = await attackers.peer();
      peer.say("EVENT", signed({ kind: 62, created_at: NOW, tags: [["relay", "ALL_RELAYS"]] }, VANISHING));
    },
  },
  {
    name: "a flood of AUTH with bad signatures",
    answered: ["OK false invalid", "OK false auth-required", "OK false restricted"],
    run: (attackers) =>
      attackers.flood(5, 20, (peer) => {
        const tags = [
          ["relay", `ws://localhost:${attackers.port}`],
          ["challenge", "none"],
        ];
        for (let n = 0; n < 5; n += 1) peer.say("AUTH", badlySigned({ kind: 22_242, tags }));
      }),
  },
];

function next(draft: Parameters<typeof signed>[0], secret?: Uint8Array) {
  made += 1;
  return signed({ created_at: NOW - 100_000 + made, content: `${made}`, ...draft }, secret);
}

/** An attack that keeps `inFlight` events in flight on each connection. */
function pipelines(name: string, connections: number, inFlight: number, make = () => next({})): Attack {
  return {
    name,
    answered: ["OK true"],
    async run(attackers) {
      const ready = list(1500, make).map((event) => frame(JSON.stringify(["EVENT", event])));
      const take = () => ready.pop() ?? frame(JSON.stringify(["EVENT", make()]));
      const begin = (peer: Peer) => {
        const count = peer.onAnswer;
        peer.onAnswer = (head) => {
          count(head);
          if (head.startsWith('["OK"')) peer.send(take());
        };
        for (let n = 0; n < inFlight; n += 1) peer.send(take());
      };
      await attackers.flood(connections, 100, (peer, turn) => {
        if (turn === 1 || !begun.has(peer)) {
          begun.add(peer);
          begin(peer);
        }
      });
    },
  };
}

const begun = new WeakSet<Peer>();

/** An attack that publishes from each of five addresses, again and again after some milliseconds. */
function publishes(
  name: string,
  { milliseconds, answered }: { milliseconds: number; answered: string[] },
  make: () => unknown[],
): Attack {
  return {
    name,
    answered,
    run: (attackers) =>
      attackers.flood(5, milliseconds, (peer) => {
        for (const event of make()) peer.say("EVENT", event);
      }),
  };
}

function duplicates(name: string, draft: Parameters<typeof signed>[0]): Attack {
  return {
    name,
    answered: ["OK true duplicate"],
    run(attackers) {
      const message = frame(JSON.stringify(["EVENT", next(draft)]));
      return attackers.flood(5, 50, (peer) => peer.ask(message));
    },
  };
}
