/** Web clients that can open one relay, and how each wants its address. */

const CLIENTS: [name: string, before: string][] = [
  ["Coracle", "https://coracle.social/relays/"],
  ["Jumble", "https://jumble.social/?r="],
  ["noStrudel", "https://nostrudel.ninja/#/r/"],
];

/** Returns links to the relay in other people's clients. */
export function clientsOf(address: string): { name: string; href: string }[] {
  return CLIENTS.map(([name, before]) => ({ name, href: before + encodeURIComponent(address) }));
}
