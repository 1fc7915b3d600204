/** The part of the contract in tests/contract/store.ts that compares the cost of reads with and without private events. */
import { expect, it } from "vitest";
import { eventId, type Event } from "../../nostr/event.ts";
import type { Store, View } from "../../store/store.ts";
import { finish } from "../../store/work.ts";
import { PUBKEYS } from "../reference/generators.ts";
import type { WireFilter } from "../reference/matcher.ts";
import { queryOf, TIMEOUT } from "./queries.ts";

const [ALICE, BOB, CAROL] = PUBKEYS as [string, string, string];
const START = 1_700_000_000;
const NOTE = "ab".repeat(32);
const PUBLIC = 1000;
const PRIVATE = 1500;

function made(draft: Omit<Event, "id" | "sig">, isMilestone = false): Event {
  const id = eventId(draft);
  return { ...draft, id: isMilestone ? `${id.slice(0, 60)}0000` : id, sig: "ab".repeat(64) };
}

function tagsOf(n: number): string[][] {
  return [
    ["p", ALICE],
    ["e", NOTE],
    ["t", "shared"],
    ["t", `t${n % 5}`],
    ["d", `d${n}`],
  ];
}

function publicEvents(): Event[] {
  return Array.from({ length: PUBLIC }, (_, n) =>
    made(
      {
        pubkey: n % 3 === 0 ? ALICE : BOB,
        created_at: START + 60 * n,
        kind: [1, 1, 7, 30_023][n % 4]!,
        tags: tagsOf(n),
        content: n % 700 === 3 ? "rare" : "common words",
      },
      n % 8 === 0,
    ),
  );
}

/**
 * Returns private events by the highest key, which both stores have. D1 also counts the entry after the last one of a
 * stretch. With these events, each index has such an entry at its end.
 */
function othersEvents(): Event[] {
  return [4, 1059, 31_234].map((kind) =>
    made({ pubkey: PUBKEYS.at(-1)!, created_at: START, kind, tags: tagsOf(0), content: "" }),
  );
}

/** Returns private events that come after all public ones in the log. Their times are before, between and after those. */
function privateEvents(): Event[] {
  return Array.from({ length: PRIVATE }, (_, n) =>
    made({
      pubkey: n % 2 === 0 ? ALICE : BOB,
      created_at: START + (n % 3 === 0 ? 40 * n : n % 3 === 1 ? 10_000_000 + n : -10_000_000 + n),
      kind: [1059, 4, 31_234, 1059, 10_013][n % 5]!,
      tags: tagsOf(n),
      content: "common words",
    }),
  );
}

const FILTERS: WireFilter[] = [
  {},
  { kinds: [1] },
  { kinds: [1, 7, 4] },
  { kinds: [4] },
  { kinds: [31_234, 10_013], authors: [ALICE] },
  { kinds: [30_023, 31_234], authors: [ALICE] },
  { kinds: [30_023, 31_234], authors: [ALICE, BOB], "#d": ["d3", "d2"] },
  { authors: [ALICE] },
  { authors: [ALICE, BOB] },
  { authors: [BOB], "#p": [ALICE] },
  { "#p": [ALICE] },
  { "#p": [ALICE], kinds: [1059] },
  { "#e": [NOTE] },
  { "#e": [NOTE], "#p": [CAROL] },
  { "#t": ["shared"] },
  { "#t": ["t1", "t2"], "#p": [ALICE] },
  { "#t": ["shared"], since: START + 10_000, until: START + 20_000 },
  { since: START + 200_000 },
  { until: START - 1 },
  { search: "rare" },
  { search: "common words", authors: [ALICE] },
  { search: "rare", kinds: [4] },
];

export function describeStrangers(store: () => Store): void {
  it(
    "costs a stranger, and somebody who is not involved, the same with and without private events",
    async () => {
      const [events, secrets] = [publicEvents(), privateEvents()];
      await commitAll([...events, ...othersEvents()]);
      const ids = [{ ids: [secrets[0]!.id, events[0]!.id] }, { ids: [secrets[1]!.id] }];
      // The first query measures how fast events come.
      await allAnswers(ids);
      const before = await allAnswers(ids);
      await commitAll(secrets);
      expect(await allAnswers(ids)).toEqual(before);
    },
    TIMEOUT,
  );

  async function allAnswers(ids: WireFilter[]) {
    const views: View[] = [
      { keys: [], now: START },
      { keys: [CAROL], now: START },
    ];
    const shown: unknown[] = [];
    for (const wire of [...FILTERS, ...ids]) {
      for (const view of views) {
        for (const limit of [1, 300]) {
          const desc = { ...queryOf(wire, limit), view };
          for (const query of [desc, { ...desc, order: "asc" as const }]) {
            const { result, cost } = await finish(store().read([query]));
            const [answer] = result.answers;
            const found = answer?.events.map((event) => event.id);
            shown.push({
              wire,
              view,
              limit,
              order: query.order,
              found,
              more: answer?.more,
              ...chargeOf(cost),
            });
          }
        }
        const { filter } = queryOf(wire, 0);
        const counted = await finish(store().count([{ filter, view }]));
        shown.push({ wire, view, counted: counted.result, ...chargeOf(counted.cost) });
        if (filter.search !== undefined) continue;
        const records = await finish(store().records(filter, view, 10_000));
        shown.push({ wire, view, records: records.result?.length, ...chargeOf(records.cost) });
      }
    }
    return shown;
  }

  function chargeOf({ charge, looked }: { charge: number; looked: number }) {
    return { charge, looked };
  }

  async function commitAll(events: Event[]): Promise<void> {
    for (let from = 0; from < events.length; from += 500)
      await store().commit(events.slice(from, from + 500));
  }
}
