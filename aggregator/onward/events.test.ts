import { describe, expect, it } from "vitest";
import type { Event } from "../../nostr/event.ts";
import type { UpstreamFilter } from "../../store/upstreams/upstream-settings.ts";
import { AUTHORS, signedEvent } from "../../tests/fixtures/signed-events.ts";
import { leavesFor } from "./events.ts";

const NOW = 1_700_000_000;
const URL = "wss://relay.example";
const EVERYTHING: UpstreamFilter[] = [{}];
const NOTES: UpstreamFilter[] = [{ kinds: [1], "#t": ["x"] }];
const OF_ONE: UpstreamFilter[] = [{ kinds: [1], authors: [AUTHORS[0]!] }];

function leaves(filters: UpstreamFilter[], draft: Partial<Event>): boolean {
  return leavesFor(URL, filters)(signedEvent(draft), NOW);
}

describe("an event of a client", () => {
  it.each<[what: string, filters: UpstreamFilter[], draft: Partial<Event>, leaves: boolean]>([
    ["leaves", EVERYTHING, {}, true],
    ["leaves if one of the filters matches", [{ kinds: [7] }, { kinds: [1] }], {}, true],
    ["stays if none matches", NOTES, { tags: [["t", "y"]] }, false],
    ["[40] stays if it has expired", EVERYTHING, { tags: [["expiration", String(NOW)]] }, false],
    ["[40] leaves until it expires", EVERYTHING, { tags: [["expiration", String(NOW + 1)]] }, true],
    ["[70] stays if it is protected", EVERYTHING, { tags: [["-"]] }, false],
    ["[59] stays if it is a gift wrap", EVERYTHING, { kind: 1059 }, false],
    ["[59] leaves if a filter names gift wraps", [{}, { kinds: [1059] }], { kind: 1059 }, true],
    ["[04] stays if it is a direct message", [{ authors: [AUTHORS[0]!] }], { kind: 4 }, false],
    ["[37] stays if it is a draft", EVERYTHING, { kind: 31_234 }, false],
  ])("%s", (_, filters, draft, expected) => {
    expect(leaves(filters, draft)).toBe(expected);
  });
});

describe("[09] a deletion", () => {
  it.each<[what: string, filters: UpstreamFilter[], draft: Partial<Event>, leaves: boolean]>([
    ["leaves, whatever kinds and tags the filters name", NOTES, {}, true],
    ["of an author of a filter leaves", OF_ONE, {}, true],
    ["of another author stays", OF_ONE, { pubkey: AUTHORS[1]! }, false],
    ["that is protected stays", EVERYTHING, { tags: [["-"]] }, false],
  ])("%s", (_, filters, draft, expected) => {
    expect(leaves(filters, { kind: 5, ...draft })).toBe(expected);
  });
});

describe("[62] a request to vanish", () => {
  it.each<[what: string, filters: UpstreamFilter[], relays: string[], leaves: boolean]>([
    ["from all relays leaves", NOTES, ["ALL_RELAYS"], true],
    ["from that relay leaves", NOTES, ["wss://other.example", `${URL}/`], true],
    ["from this relay only stays", EVERYTHING, ["wss://here.example"], false],
    ["of another author stays", [{ authors: [AUTHORS[1]!] }], ["ALL_RELAYS"], false],
  ])("%s", (_, filters, relays, expected) => {
    expect(leaves(filters, { kind: 62, tags: relays.map((relay) => ["relay", relay]) })).toBe(expected);
  });
});
