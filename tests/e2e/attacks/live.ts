/** Attacks with live subscriptions: the work that they cause for each event, and the memory that they hold. */
import type { Attack, Attackers } from "./attackers.ts";
import { every, list, many } from "./attackers.ts";
import { randomId, signed } from "./events.ts";
import type { Peer } from "./peer.ts";
import { LETTERS } from "./scene.ts";

/** Words of two letters, so that as many as possible fit in one search. */
const WORDS = list(85, (n) => LETTERS[n % 26] + LETTERS[Math.floor(n / 26)]!);
/** A long text that ends with all words but the last. */
const TEXT = `${"zz ".repeat(33_000)}${WORDS.slice(0, 84).join(" ")}`;

export const LIVE_ATTACKS: Attack[] = [
  liveSearches("20 live searches of 84 words", 1, 1, [...WORDS.slice(0, 83), "qq"]),
  liveSearches("1,400 live searches of 84 words", 1, 70, [...WORDS.slice(0, 83), "qq"]),
  liveSearches("1,400 live searches of 10 words", 1, 70, [...WORDS.slice(0, 9), "qq"]),
  liveSearches("7,000 live searches of 10 words", 5, 70, [...WORDS.slice(0, 9), "qq"]),
  {
    name: "708 live filters of 25 tag conditions, and events of 4,800 tags",
    answered: ["OK true"],
    async run(attackers) {
      const names = LETTERS.filter((name) => name !== "e" && name !== "p").slice(0, 25);
      const conditions = (n: number) => names.map((name, at) => [`#${name}`, [at === 24 ? `${n}` : "x"]]);
      const filters = list(708, (n) => ({ ...Object.fromEntries(conditions(n)), limit: 0 }));
      const peer = await attackers.peer(0);
      for (let at = 0; at < 708; at += 20) peer.say("REQ", `s${at}`, ...filters.slice(at, at + 20));
      const tags = [...list(4775, (n) => ["Z", `${n}`]), ...names.map((name) => [name, "x"])];
      await attackers.flood(2, 200, (peer, turn) =>
        peer.say("EVENT", signed({ kind: 20_001, content: `${turn}`, tags })),
      );
    },
  },
  {
    name: "100 subscriptions of 20 filters to everything, on 5 connections",
    answered: ["EVENT"],
    async run(attackers) {
      for (const peer of await attackers.peers(5)) {
        for (let n = 0; n < 100; n += 1)
          peer.say("REQ", `s${n}`, ...list(20, () => ({ kinds: [1, 20_001], limit: 0 })));
      }
      await attackers.flood(1, 50, (peer, turn) =>
        peer.say("EVENT", signed({ kind: 20_001, content: `${turn}` })),
      );
    },
  },
  {
    name: "ephemeral events of 50 kB to 120 listeners",
    answered: ["EVENT"],
    async run(attackers) {
      for (const peer of await many(120, (n) => attackers.peer(n % 4)))
        peer.say("REQ", "s", { kinds: [20_001], limit: 0 });
      const content = "x".repeat(50_000);
      await attackers.flood(
        1,
        50,
        (peer, turn) => peer.say("EVENT", signed({ kind: 20_001, content: `${turn} ${content}` })),
        4,
      );
    },
  },
  {
    name: "listeners that never read, and a flood of events of 50 kB",
    answered: ["OK true"],
    async run(attackers) {
      for (const peer of await attackers.peers(50)) {
        peer.say("REQ", "s", { kinds: [20_001], limit: 0 });
        peer.socket.pause();
      }
      const content = "x".repeat(50_000);
      await attackers.flood(1, 50, (peer, turn) =>
        peer.say("EVENT", signed({ kind: 20_001, content: `${turn} ${content}` })),
      );
    },
  },
  {
    name: "subscriptions of 20,000 authors, and events of many authors",
    answered: ["OK true"],
    async run(attackers) {
      const authors = list(5000, randomId);
      for (const peer of await attackers.peers(5))
        peer.say("REQ", "s", { authors, kinds: [20_001], limit: 0 });
      await attackers.flood(2, 20, (peer, turn) =>
        peer.say("EVENT", signed({ kind: 20_001, content: `${turn}` })),
      );
    },
  },
  {
    name: "1,000 subscriptions a second opened and closed",
    answered: ["EOSE"],
    run: (attackers) =>
      attackers.flood(5, 20, (peer) => {
        for (let n = 0; n < 4; n += 1) {
          peer.say("REQ", `s${n}`, { kinds: [1], limit: 0 });
          peer.say("CLOSE", `s${n}`);
        }
      }),
  },
  {
    name: "a flood of subscription ids",
    answered: ["EOSE"],
    run: (attackers) =>
      attackers.flood(2, 20, (peer, turn) => {
        for (let n = 0; n < 20; n += 1)
          peer.say("REQ", `s${turn * 20 + n}`, { kinds: [(turn * 20 + n) % 65_536] });
      }),
  },
  {
    name: "subscriptions until the memory for them is full",
    answered: ["EOSE"],
    async run(attackers) {
      const peers = await attackers.peers(100);
      const ids = list(5000, randomId);
      let turn = 0;
      every(20, () => {
        turn += 1;
        // 5,000 ids are 330 kB on the wire. One connection may have four such subscriptions.
        peers[turn % peers.length]?.say("REQ", `s${Math.floor(turn / peers.length) % 4}`, { ids, limit: 0 });
      });
    },
  },
  {
    name: "subscriptions of 20,000 tag values each",
    answered: ["EOSE", "CLOSED invalid", "CLOSED restricted", "CLOSED error"],
    run: (attackers) =>
      attackers.flood(5, 100, (peer, turn) =>
        peer.say("REQ", `s${turn % 10}`, { "#t": list(19_000, (n) => `${turn}.${n}`), limit: 0 }),
      ),
  },
];

/** An attack with 20 searches in each REQ, and ephemeral events of 100 kB that have all words but the last. */
function liveSearches(name: string, connections: number, subscriptions: number, words: string[]): Attack {
  const search = words.join(" ");
  return {
    name,
    answered: ["OK true"],
    async run(attackers: Attackers) {
      for (const peer of await attackers.peers(connections)) openSearches(peer, subscriptions, search);
      await attackers.flood(1, 100, (peer, turn) =>
        peer.say("EVENT", signed({ kind: 20_001, content: `${turn} ${TEXT}` })),
      );
    },
  };
}

function openSearches(peer: Peer, subscriptions: number, search: string): void {
  for (let n = 0; n < subscriptions; n += 1) {
    peer.say("REQ", `s${n}`, ...list(20, (at) => ({ search, since: at, limit: 0 })));
  }
}
