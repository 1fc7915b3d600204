/** How answers end, and what comes of what came before. */
import { EOSE, type Step } from "../../fixtures/simulated-upstream.ts";
import { note, notes, type Row, secondsAgo } from "./row.ts";

const silent: Step[] = [{ stored: {} }];
const some = notes(30);
const many = notes(1200);
const ALL = Infinity;

export const ANSWERS: Row[] = [
  {
    what: "answers as NIP-01 says is pulled in a few questions",
    upstream: { events: many },
    expect: { queued: "all", questions: 4 },
  },
  {
    what: "says finish (NIP-67) is asked once",
    upstream: { events: some, requests: [[{ stored: {} }, ["EOSE", "$", ["finish"]]]] },
    expect: { queued: "all", questions: 1 },
  },
  {
    what: "has nothing, again and again, is asked once in each pull",
    upstream: {},
    pulls: 3,
    expect: { queued: "all", questions: 1 },
  },
  {
    what: "never sends EOSE gives all it has, and its last answer stays a gap",
    upstream: { events: many, requests: [silent] },
    expect: {
      queued: "all",
      pending: [[ALL, 1200]],
      problem: "the upstream stopped answering",
    },
  },
  {
    what: "never sends EOSE, and gives little at once, gets on with each pull",
    upstream: { events: notes(40, { every: 100 }), requests: [[{ stored: { most: 7 } }]] },
    pulls: 6,
    expect: {
      queued: "all",
      pending: [
        [60, 1],
        [ALL, 3901],
      ],
      problem: "the upstream stopped answering",
    },
  },
  {
    what: "sends eight events in a second is not cut off while they come",
    upstream: { events: notes(1000), requests: [[{ stored: { every: 0.125 } }, EOSE]] },
    pulls: 3,
    expect: { queued: "all" },
  },
  {
    what: "sends an event every ten seconds, without EOSE, keeps each job in its minute",
    upstream: { events: notes(12, { every: 100 }), requests: [[{ stored: { every: 10 } }]] },
    pulls: 12,
    expect: {
      queued: "all",
      pending: [
        [60, 1],
        [ALL, 1101],
      ],
      problem: "the upstream stopped answering",
    },
  },
  {
    what: "closes the subscription after some events is asked for what is older",
    upstream: { events: some, requests: [[{ stored: { most: 10 } }, ["CLOSED", "$", "error: busy"]]] },
    expect: { queued: "all", pending: [[ALL, 30]], problem: "the upstream refused: error: busy" },
  },
  {
    what: "disconnects in the middle of an answer is asked for the rest by the next pull",
    upstream: { events: some, requests: [[{ stored: { most: 10 } }, { disconnect: "1006" }]] },
    expect: {
      queued: some.slice(0, 10),
      pending: [[ALL, 9]],
      problem: "the connection ended: 1006",
    },
  },
  {
    what: "disconnects in the middle, and answers afterwards, loses nothing",
    upstream: { events: some, requests: [[{ stored: { most: 10 } }, { disconnect: "1006" }]] },
    later: { 2: { events: some } },
    pulls: 2,
    expect: { queued: "all" },
  },
  {
    what: "disconnects at the same event again and again is pulled up to it; the rest stays a gap",
    upstream: {
      events: some,
      answer: ({ since = 0, until = 0 }) =>
        since <= some[12]!.created_at && until >= some[12]!.created_at
          ? [
              { events: some.slice(0, 12).filter((event) => event.created_at <= until) },
              { disconnect: "1011 bug" },
            ]
          : [{ stored: {} }, EOSE],
    },
    pulls: 6,
    expect: {
      queued: some.filter((_, n) => n < 12),
      pending: [[ALL, 12]],
      problem: "the connection ended: 1011 bug",
    },
  },
  {
    what: "disconnects before it answers is asked again later",
    upstream: { events: some, requests: [[{ disconnect: "1001" }]] },
    expect: { queued: [], isReached: false, problem: "the connection ended: 1001" },
  },
  {
    what: "refuses connections has a problem",
    upstream: { refusesConnections: "wss://relay.example/ answered 503 instead of opening a WebSocket" },
    expect: {
      queued: [],
      isReached: false,
      questions: 0,
      problem: "wss://relay.example/ answered 503 instead of opening a WebSocket",
    },
  },
  {
    what: "sends only a NOTICE has that as its problem, after 5 s",
    upstream: { requests: [[["NOTICE", "ERROR: bad req: \u0007too old a client"]]] },
    expect: {
      queued: [],
      isReached: false,
      seconds: 6,
      problem: "the upstream stopped answering; it says: ERROR: bad req: too old a client",
    },
  },
  {
    what: "greets with a NOTICE is asked as usual",
    upstream: { events: some, greeting: [["NOTICE", "welcome"]] },
    expect: { queued: "all" },
  },
  {
    what: "says nothing is given up after 15 s",
    upstream: { requests: [[]] },
    expect: { queued: [], isReached: false, seconds: 16, problem: "the upstream stopped answering" },
  },
  {
    what: "answers only after 14 s is waited for",
    upstream: { events: some, requests: [[{ wait: 14 }, { stored: {} }, EOSE]] },
    expect: { queued: "all" },
  },
  {
    what: "sends EOSE before the events is taken at its word: what comes later is no answer",
    upstream: { events: some, requests: [[EOSE, { stored: {} }]] },
    expect: { queued: [] },
  },
  {
    what: "disconnects in the middle of one second is asked for it again",
    upstream: {
      events: [
        ...some.slice(0, 5).map((event) => ({ ...event, created_at: some[0]!.created_at })),
        ...some.slice(5),
      ],
      requests: [[{ stored: { most: 3 } }, { disconnect: "1006" }]],
    },
    later: {
      3: {
        events: [
          ...some.slice(0, 5).map((event) => ({ ...event, created_at: some[0]!.created_at })),
          ...some.slice(5),
        ],
      },
    },
    pulls: 3,
    expect: { queued: "all" },
  },
  {
    what: "gives what was lost before has lost it no more",
    upstream: { events: some },
    task: {
      cursor: {
        version: 2,
        filters: {
          "{}": { pending: [], lost: [5, 29].map((age) => ({ ...secondsAgo(age), reason: "silent" })) },
        },
      },
    },
    expect: { queued: "all" },
  },
  {
    what: "gives an event after EOSE of another subscription ends no answer of this one",
    upstream: { events: some, requests: [[["EOSE", "other"], ["EOSE", "pull-0"], { stored: {} }, EOSE]] },
    expect: { queued: "all" },
  },
  {
    what: "has an event that arrived late, within the overlap, is found again",
    upstream: { events: some },
    later: { 2: { events: [...some, note(300)] } },
    pulls: 2,
    expect: { queued: "all" },
  },
];
