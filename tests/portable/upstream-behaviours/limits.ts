/** How much an upstream gives at once, what it says about that, and in which order. */
import { EOSE, type Step } from "../../fixtures/simulated-upstream.ts";
import { matches } from "../../reference/matcher.ts";
import { author, note, notes, type Row } from "./row.ts";

const many = notes(900);
const capped = (most: number): Step[] => [{ stored: { most } }, EOSE];
const refusing = (most: number, ...refusal: unknown[]) => ({
  events: many,
  answer: ({ limit }: { limit: number }): Step[] => (limit > most ? [refusal] : [{ stored: {} }, EOSE]),
});

/** One second with many events of several kinds and authors, and a few before and after it. */
const crowd = (count: number, fields: (n: number) => Parameters<typeof note>[1]) => [
  note(49),
  ...Array.from({ length: count }, (_, n) => note(50, fields(n))),
  note(51),
  note(500),
];
/** So many seconds, each with so many events. */
const tied = (seconds: number, count: number) =>
  Array.from({ length: seconds * count }, (_, n) => note(Math.floor(n / count)));
const exclusive = (most: number): Step[] => [{ stored: { most, isUntilExclusive: true } }, EOSE];
const BY_KINDS = "asked for by kinds and authors";

export const LIMITS: Row[] = [
  {
    what: "announces 5000 and gives 100 is pulled whole",
    upstream: { events: many, announces: 5000, requests: [capped(100)] },
    expect: { queued: "all" },
  },
  {
    what: "announces nothing and gives 7 is pulled whole",
    upstream: { events: notes(300), requests: [capped(7)] },
    expect: { queued: "all" },
  },
  {
    what: "gives one event at once is pulled whole, over several pulls",
    upstream: { events: notes(50, { every: 60 }), requests: [capped(1)] },
    pulls: 4,
    expect: { queued: "all" },
  },
  {
    what: "announces a small limit is never asked for more",
    upstream: { ...refusing(20, "CLOSED", "$", "blocked: no"), events: notes(300), announces: 20 },
    expect: { queued: "all" },
  },
  {
    what: "refuses a limit above 100 and names it is asked for 100",
    upstream: refusing(100, "CLOSED", "$", "error: limit must be at most 100"),
    expect: { queued: "all", questions: 12 },
  },
  {
    what: "refuses a limit above 100 without naming it is asked for half, and half again",
    upstream: refusing(100, "CLOSED", "$", "invalid: limit too high"),
    expect: { queued: "all", questions: 20 },
  },
  {
    what: "refuses a limit above 200 with a NOTICE is asked for half",
    upstream: refusing(200, "NOTICE", "limit exceeds maximum"),
    expect: { queued: "all" },
  },
  {
    what: "refuses every limit has that as its problem",
    upstream: refusing(0, "CLOSED", "$", "error: limit"),
    expect: { queued: [], isReached: false, problem: "the upstream refused: error: limit", questions: 10 },
  },
  {
    what: "refuses 5000 in a full second keeps the pages of 500",
    upstream: {
      events: crowd(700, (n) => ({ kind: n % 2 === 0 ? 1 : 7 })),
      answer: ({ limit }) => (limit > 500 ? [["CLOSED", "$", "limit"]] : [{ stored: {} }, EOSE]),
    },
    expect: { queued: "all", lost: [[50, BY_KINDS]] },
  },
  {
    what: "sends gigabytes is asked for less, and every event that came is kept",
    upstream: {
      events: Array.from({ length: 60 }, (_, n) => note(n, { content: "x".repeat(100_000) })),
    },
    expect: { queued: "all" },
  },
  {
    what: "ignores the limit is cut off at it",
    upstream: { events: many, requests: [[{ stored: { ignores: ["limit"] } }, EOSE]] },
    expect: { queued: "all" },
  },
  {
    what: "ignores until has what its newest page gives; the rest stays a gap",
    upstream: { events: many, requests: [[{ stored: { ignores: ["until"] } }, EOSE]] },
    expect: {
      queued: many.slice(0, 500),
      pending: [[Infinity, 500]],
      problem: "the upstream sends other events than it is asked for",
    },
  },
  {
    what: "ignores since is not followed into the past",
    upstream: { events: many, requests: [[{ stored: { ignores: ["since"] } }, EOSE]] },
    task: { cursor: { version: 2, filters: { "{}": { pulledTo: note(0).created_at, pending: [] } } } },
    expect: { queued: many.filter((_, n) => n <= 900), questions: 4 },
  },
  {
    what: "sends the oldest first, and not all at once, is pulled whole",
    upstream: { events: many, requests: [[{ stored: { order: "oldest-first", most: 200 } }, EOSE]] },
    expect: { queued: "all" },
  },
  {
    what: "gives the newest events, and sends the oldest of them first, is pulled whole",
    upstream: {
      events: many,
      answer: (question) => [
        {
          events: many
            .filter((event) => matches(question, event))
            .slice(0, question.limit)
            .toReversed(),
        },
        EOSE,
      ],
    },
    expect: { queued: "all" },
  },
  {
    what: "sends in the order of ids, and not all at once, is pulled whole",
    upstream: { events: many, requests: [[{ stored: { order: "by-id", most: 200 } }, EOSE]] },
    expect: { queued: "all" },
  },
  {
    what: "sends in the order of ids, and all at once, is pulled whole",
    upstream: { events: notes(60), requests: [[{ stored: { order: "by-id" } }, EOSE]] },
    expect: { queued: "all" },
  },
  {
    what: "sends the oldest first and disconnects loses nothing",
    upstream: {
      events: many,
      requests: [
        [{ stored: { order: "oldest-first", most: 100 } }, EOSE],
        [{ stored: { order: "oldest-first", most: 50 } }, { disconnect: "1006" }],
      ],
    },
    later: { 2: { events: many } },
    pulls: 2,
    expect: { queued: "all" },
  },
  {
    what: "has a full second of one kind and one author more than it gives records it as lost, and gives the rest",
    upstream: { events: crowd(800, () => ({})), requests: [capped(500)] },
    expect: { queued: 503, lost: [[50, BY_KINDS]] },
  },
  {
    what: "has a full second of many authors gives all of it",
    upstream: {
      events: crowd(2000, (n) => ({ pubkey: author(n % 40) })),
      requests: [capped(500)],
    },
    expect: { queued: "all", lost: [[50, BY_KINDS]] },
  },
  {
    what: "has a full second of kinds that were asked for gives all of it, and nothing is in doubt",
    upstream: {
      events: crowd(900, (n) => ({ kind: n % 3 })),
      requests: [capped(500)],
    },
    task: { filters: [{ kinds: [0, 1, 2] }] },
    expect: { queued: "all" },
  },
  {
    what: "has exactly as many events in a second as it gives loses none, and nothing is in doubt",
    upstream: { events: crowd(500, (n) => ({ kind: n % 3 })), requests: [capped(500)] },
    expect: { queued: "all" },
  },
  {
    what: "has 10,000 events in one second is pulled in a bounded time, and goes on before it",
    upstream: {
      events: crowd(10_000, (n) => ({ kind: [1, 6, 7, 9735][n % 4]!, pubkey: author(n % 97) })),
      requests: [capped(500)],
    },
    pulls: 2,
    expect: { queued: 7003, lost: [[50, BY_KINDS]] },
  },
  {
    what: "has 10,000 events in one second, and gives 5,000 at once, gives all of it",
    upstream: {
      events: crowd(10_000, (n) => ({ kind: [1, 6, 7, 9735][n % 4]! })),
      announces: 5000,
    },
    expect: { queued: "all", lost: [[50, BY_KINDS]] },
  },
  {
    what: "gives at most 100, in silence, of a second that has 150 gives all of it",
    upstream: {
      events: [...crowd(150, (n) => ({ kind: n % 2 })), ...notes(300, { from: 600 })],
      requests: [capped(100)],
    },
    expect: { queued: "all", lost: [[50, BY_KINDS]] },
  },
  {
    what: "has a second that is lost is not asked for it in parts again",
    upstream: { events: crowd(800, () => ({})), requests: [capped(500)] },
    task: { rate: 6000 },
    pulls: 2,
    expect: { queued: 503, lost: [[50, BY_KINDS]] },
  },
  {
    what: "sends a quarter of its maximum to who asks for more, as khatru does, is pulled whole",
    upstream: {
      events: many,
      answer: ({ limit }) => [{ stored: { most: limit > 100 ? 25 : limit } }, EOSE],
    },
    expect: { queued: "all" },
  },
  {
    what: "takes until as exclusive, as nostr-relay does, gives the events of a second that two pages share",
    upstream: { events: tied(300, 3), requests: [exclusive(100)] },
    expect: { queued: "all", questions: 20 },
  },
  {
    what: "takes until as exclusive gives the oldest events too",
    upstream: { events: tied(7, 20), requests: [exclusive(50)] },
    expect: { queued: "all" },
  },
  {
    what: "takes until as exclusive gives all of a full second",
    upstream: { events: crowd(150, (n) => ({ kind: n % 2 })), requests: [exclusive(100)] },
    expect: { queued: "all", lost: [[50, BY_KINDS]] },
  },
  {
    what: "takes until as exclusive, and has a full second first, gives all of it",
    upstream: { events: crowd(150, (n) => ({ kind: n % 2 })).slice(1), requests: [exclusive(100)] },
    expect: { queued: "all", lost: [[50, BY_KINDS]] },
  },
  {
    what: "deletes the oldest event between two pages, and takes until as NIP-01 says, is pulled whole",
    upstream: {
      events: tied(300, 3),
      requests: [capped(100), [{ stored: { most: 100, isUntilExclusive: true } }, EOSE], capped(100)],
    },
    expect: { queued: "all" },
  },
  {
    what: "is to be asked once a minute is pulled whole all the same",
    upstream: { events: notes(40, { every: 50 }), requests: [capped(20)] },
    task: { rate: 1 },
    pulls: 25,
    expect: {
      queued: "all",
      questions: 1,
      isUnfinished: true,
      pending: [
        [60, 50],
        [Infinity, 1950],
      ],
    },
  },
  {
    what: "gave a limit to an earlier pull, and has raised it, is asked for more",
    upstream: { events: many },
    task: { learntLimit: 100 },
    expect: { queued: "all", questions: 7 },
  },
  {
    what: "gave a limit to an earlier pull, and still has it, is asked for more once",
    upstream: refusing(100, "CLOSED", "$", "error: limit"),
    task: { learntLimit: 100 },
    expect: { queued: "all", questions: 13 },
  },
  {
    what: "is to be asked ten times a minute is not asked more often",
    upstream: { events: many, requests: [capped(50)] },
    task: { rate: 10 },
    pulls: 3,
    expect: { queued: "all", questions: 10 },
  },
];
