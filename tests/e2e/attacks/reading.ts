/** Attacks with queries that take long to answer. */
import type { Attack } from "./attackers.ts";
import { list } from "./attackers.ts";
import type { Peer } from "./peer.ts";
import { NOW, publicKeyOf, randomId } from "./events.ts";
import { ABSENT_KIND, COMMON_WORDS, LETTERS, SCRIBES, VANISHING } from "./scene.ts";

const ANSWERED = ["EOSE", "CLOSED rate-limited", "CLOSED invalid"];
const COUNTED = ["COUNT", "CLOSED rate-limited"];
const COMPARED = ["NEG-MSG"];
const TAGGED = Object.fromEntries(
  LETTERS.filter((name) => name !== "e" && name !== "p")
    .slice(0, 46)
    .map((name) => [`#${name}`, ["common"]]),
);
/** The message of a client that has no events, so that the relay lists all of its own. */
const LACKS_ALL = "6100000200";

const SLOW = { connections: 3, milliseconds: 200 };
const STEADY = { connections: 3, milliseconds: 100 };
const OFTEN = { connections: 5, milliseconds: 100 };
const FAST = { connections: 5, milliseconds: 50 };

export const READING_ATTACKS: Attack[] = [
  asks(
    "20 filters of a common tag and an absent kind",
    SLOW,
    list(20, (n) => ({ "#t": ["common"], kinds: [ABSENT_KIND + n] })),
  ),
  asks(
    "20 filters of an author and an absent kind",
    SLOW,
    list(20, (n) => ({ authors: [publicKeyOf(VANISHING)], kinds: [ABSENT_KIND + n], "#t": ["common"] })),
  ),
  asks("46 tag conditions, and an absent kind", SLOW, [{ ...TAGGED, kinds: [ABSENT_KIND] }]),
  asks(
    "20 filters of 46 tag conditions",
    SLOW,
    list(20, (n) => ({ ...TAGGED, limit: n + 1 })),
  ),
  asks("searches of 16 common words", STEADY, [{ search: COMMON_WORDS.join(" ") }]),
  asks(
    "20 searches of 10 common words and a kind that is not there",
    SLOW,
    list(20, (n) => ({ search: COMMON_WORDS.slice(0, 10).join(" "), kinds: [ABSENT_KIND + n] })),
  ),
  asks("searches of 84 words", STEADY, [
    { search: list(84, (n) => LETTERS[n % 26]! + LETTERS[Math.floor(n / 26)]!).join(" ") },
  ]),
  asks("a flood of REQs for everything", { ...FAST, milliseconds: 20, atOnce: 20 }, [{}]),
  asks("a flood of REQs for an absent kind", { ...FAST, milliseconds: 20, atOnce: 20 }, [
    { kinds: [ABSENT_KIND] },
  ]),
  {
    ...asks(
      "20 filters with the highest limit",
      OFTEN,
      list(20, (n) => ({ limit: 5000, until: NOW - n })),
    ),
    // The first answer may come after the attack.
    answered: [],
  },
  asks(
    "100 filters in a REQ",
    FAST,
    // Without private kinds, which a stranger may not ask for.
    list(100, (n) => ({ kinds: [100 + n] })),
  ),
  asks("REQs of 7,000 unknown ids", OFTEN, [{ ids: list(7000, randomId) }]),
  asks("REQs of 7,000 authors", OFTEN, [
    { authors: list(7000, (n) => (n % 5000).toString(16).padStart(64, "a")), kinds: [1, 7] },
  ]),
  asks("feeds of authors with long histories and an absent kind", FAST, [
    {
      authors: [...SCRIBES.map(publicKeyOf), publicKeyOf(VANISHING), ...list(300, randomId)],
      kinds: [ABSENT_KIND],
    },
  ]),
  asks("2,000 tag values of which most are there", OFTEN, [
    { "#t": [...list(2000, (n) => `topic-${n}`), "common"], kinds: [ABSENT_KIND] },
  ]),
  asks(
    "20 narrow windows of time and an absent tag",
    FAST,
    list(20, (n) => ({ "#t": ["common"], "#d": ["absent"], since: NOW - 30_000 * n, until: NOW })),
  ),
  {
    ...asks(
      "a flood of REQs of 20 filters with five large events each",
      { ...FAST, milliseconds: 20, atOnce: 20 },
      list(20, (n) => ({ kinds: [1111], limit: 5, until: NOW - 500 * n })),
    ),
    // The end of an answer may come after the attack.
    answered: ["EVENT"],
  },
  {
    name: "a flood of different REQs for one large event",
    answered: ["EVENT"],
    run: (attackers) =>
      attackers.flood(5, 20, (peer, turn) => {
        for (let n = 0; n < 20; n += 1)
          peer.say("REQ", `s${n}`, { kinds: [1111], limit: 1, until: NOW - 1000 - 20 * turn - n });
      }),
  },
  {
    name: "readers that stop reading large answers",
    answered: [],
    async run(attackers) {
      for (const peer of await attackers.peers(10)) {
        peer.socket.pause();
        for (let n = 0; n < 20; n += 1) peer.say("REQ", `s${n}`, { kinds: [1111], limit: 200 });
      }
    },
  },
  {
    name: "the same large answer again and again",
    answered: ["EVENT"],
    run: (attackers) => attackers.flood(5, 50, (peer) => peer.say("REQ", "s", { kinds: [1111], limit: 200 })),
  },
  counts("COUNTs of everything", () => [{}]),
  counts("COUNTs of 20 filters", () => list(20, (n) => ({ "#t": ["common"], kinds: [1, n + 2] }))),
  counts("COUNTs of a common tag and an absent kind", () => [{ "#t": ["common"], kinds: [ABSENT_KIND] }]),
  counts("COUNTs of searches", () => [{ search: COMMON_WORDS.slice(0, 10).join(" ") }]),
  {
    name: "reconciliations over everything, opened again and again",
    answered: COMPARED,
    run: (attackers) => attackers.flood(5, 50, (peer) => peer.say("NEG-OPEN", "n", {}, LACKS_ALL)),
  },
  {
    name: "10 reconciliations on each of 5 connections",
    answered: COMPARED,
    run: (attackers) =>
      attackers.flood(5, 50, (peer, turn) => peer.say("NEG-OPEN", `n${turn % 10}`, {}, LACKS_ALL)),
  },
  rounds("rounds of a reconciliation over everything", 20, LACKS_ALL),
  // Each range ends a second after the one before, and has a wrong fingerprint.
  rounds("rounds of a reconciliation of 4,000 ranges", 50, `61${`020001${"00".repeat(16)}`.repeat(4000)}`),
];

interface Pace {
  /** From this many addresses, up to five. */
  connections: number;
  milliseconds: number;
  /** Number of REQs in each turn of a connection. */
  atOnce?: number;
}

function asks(name: string, { connections, milliseconds, atOnce = 1 }: Pace, filters: unknown[]): Attack {
  return {
    name,
    answered: ANSWERED,
    run: (attackers) =>
      attackers.flood(connections, milliseconds, (peer, turn) => {
        for (let n = 0; n < atOnce; n += 1) peer.say("REQ", `s${(turn + n) % 20}`, ...filters);
      }),
  };
}

/** Sends a round every `milliseconds`, without waiting for the answers. It begins when the reconciliation is open. */
function rounds(name: string, milliseconds: number, query: string): Attack {
  const isOpen = new WeakSet<Peer>();
  return {
    name,
    answered: COMPARED,
    run: (attackers) =>
      attackers.flood(5, milliseconds, (peer, turn) => {
        if (turn === 1) peer.say("NEG-OPEN", "n", {}, LACKS_ALL);
        if (turn === 1 || (peer.unanswered > 0 && !isOpen.has(peer))) return;
        isOpen.add(peer);
        peer.say("NEG-MSG", "n", query);
      }),
  };
}

function counts(name: string, filters: () => unknown[]): Attack {
  return {
    name,
    answered: COUNTED,
    run: (attackers) => attackers.flood(5, 50, (peer, turn) => peer.say("COUNT", `c${turn}`, ...filters())),
  };
}
