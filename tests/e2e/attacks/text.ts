/** Attacks with text that takes long to normalise or to split into terms. */
import type { Attack, Attackers } from "./attackers.ts";
import { list } from "./attackers.ts";
import { signed } from "./events.ts";
import type { Peer } from "./peer.ts";

/** Marks of two classes in turn. Normalising has to sort each run of them. */
const MARKS = "\u0316\u0300";
const TEXTS: Record<string, string> = {
  "combining marks": `a${MARKS.repeat(50_000)}`,
  // One character becomes 18.
  "ligatures that expand": "\uFDFA".repeat(100_000),
  "Hangul in parts": "\u1112\u1161\u11AB".repeat(33_000),
  "emoji joined by ZWJ": "\u{1F469}\u200D\u{1F469}\u200D\u{1F466} ".repeat(15_000),
  "one word of 250,000 letters": "a".repeat(250_000),
  "letters with marks, one word": `a${MARKS}`.repeat(60_000),
};

/** Comments. If these were notes, the newest notes that normal clients read would be megabytes. */
const KIND = 1111;

/** Searches of live subscriptions. The relay tests each event with them. */
const SEARCHES = list(20, (n) => ({ search: `${"a\u0316\u0300".repeat(40)} ${n}`, limit: 0 }));

export const TEXT_ATTACKS: Attack[] = [
  ...Object.entries(TEXTS).map(([name, content]): Attack => ({
    name: `EVENTs of ${name}`,
    answered: ["OK true"],
    run: (attackers) => attackers.flood(2, 100, (peer) => publish(peer, content)),
  })),
  {
    name: "combining marks in 2,000 titles",
    answered: ["OK true"],
    run: (attackers) =>
      attackers.flood(2, 100, (peer) => {
        peer.say("EVENT", signed({ kind: KIND, tags: list(2000, () => ["title", MARKS.repeat(50)]) }));
      }),
  },
  {
    name: "combining marks in the fields of a profile",
    answered: ["OK true"],
    run: (attackers) =>
      attackers.flood(2, 100, (peer, turn) => {
        const content = JSON.stringify({ name: MARKS.repeat(25_000), about: `a${MARKS.repeat(25_000)}` });
        peer.say("EVENT", signed({ kind: 0, created_at: 1_700_000_000 + turn, content }));
      }),
  },
  {
    name: "combining marks over HTTP",
    answered: ["HTTP 201"],
    run: (attackers) =>
      attackers.askOverHttp(1, (at) => {
        const body = JSON.stringify(
          signed({ kind: KIND, content: `${Math.random()}${TEXTS["combining marks"]}` }),
        );
        return attackers.http(at, "/api/v1/events", { method: "POST", body });
      }),
  },
  {
    name: "combining marks with 500 live searches open",
    answered: ["OK true"],
    async run(attackers) {
      await openSearches(attackers);
      await attackers.flood(1, 100, (peer) => publish(peer, TEXTS["combining marks"] as string, 20_001));
    },
  },
  {
    name: "searches of combining marks",
    // Found events show that it searches. The allowance is soon used up, and lasts for some answers only if few are asked at once.
    answered: ["EVENT", "EOSE", "CLOSED invalid"],
    run: (attackers) =>
      attackers.flood(5, 10, (peer) => {
        peer.say("REQ", "s", ...list(20, (n) => ({ search: `${MARKS.repeat(120)} ${n}` })));
      }),
  },
];

function publish(peer: Peer, content: string, kind = KIND): void {
  peer.say("EVENT", signed({ kind, content: `${Math.random()} ${content}` }));
}

async function openSearches(attackers: Attackers): Promise<void> {
  for (const peer of await attackers.peers(5)) {
    for (let n = 0; n < 5; n += 1) peer.say("REQ", `s${n}`, ...SEARCHES);
  }
}
