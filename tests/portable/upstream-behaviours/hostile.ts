/** Frames that no relay should send, and events that nobody asked for. */
import { EOSE } from "../../fixtures/simulated-upstream.ts";
import { NOW } from "../../fixtures/puller.ts";
import { note, notes, type Row } from "./row.ts";

const events = notes(20);
const whole = [{ stored: {} }, EOSE];
const deep = `${"[".repeat(50_000)}${"]".repeat(50_000)}`;

export const HOSTILE: Row[] = [
  {
    what: "sends binary frames, text that is not JSON, and JSON that is no message",
    upstream: {
      events,
      requests: [
        [
          { binary: 1000 },
          "hello",
          "",
          "{}",
          "null",
          "[]",
          "[[]]",
          '["EVENT","$"',
          ["EVENT"],
          ["EOSE"],
          ...whole,
        ],
      ],
    },
    expect: { queued: "all" },
  },
  {
    what: "sends only frames that cannot be read is given up after 15 s",
    upstream: { events, requests: [Array.from({ length: 100 }, () => ["hello", { wait: 1 }]).flat()] },
    expect: { queued: [], isReached: false, seconds: 16, problem: "the upstream stopped answering" },
  },
  {
    what: "nests deeply",
    upstream: {
      events,
      requests: [
        [`["NOTICE",${deep}]`, `["EVENT","$",{"id":"x","created_at":${NOW},"tags":${deep}}]`, ...whole],
      ],
    },
    expect: { queued: "all" },
  },
  {
    what: "sends an event of two megabytes is asked for what is older",
    upstream: {
      events,
      requests: [[{ events: [note(1, { content: "x".repeat(2_000_000) })] }, ...whole]],
    },
    expect: { queued: "all" },
  },
  {
    what: "answers with another subscription id is given up",
    upstream: {
      events,
      requests: [
        [
          ["EVENT", "mine", events[0]],
          ["EOSE", "mine"],
        ],
      ],
    },
    expect: { queued: [], isReached: false, problem: "the upstream stopped answering" },
  },
  {
    what: "sends a flood of NOTICEs in place of an answer is given up after 5 s",
    upstream: { requests: [Array.from({ length: 2000 }, () => [["NOTICE", "spam"], { wait: 0.1 }]).flat()] },
    expect: {
      queued: [],
      isReached: false,
      seconds: 6,
      problem: "the upstream stopped answering; it says: spam",
    },
  },
  {
    what: "sends a flood of NOTICEs in the middle of an answer",
    upstream: {
      events,
      requests: [
        [{ stored: { most: 10 } }, ...Array.from({ length: 500 }, () => ["NOTICE", "spam"]), ...whole],
      ],
    },
    expect: { queued: "all" },
  },
  {
    what: "floods with events of another subscription is given up",
    upstream: {
      events,
      requests: [Array.from({ length: 50 }, () => ["EVENT", "other", "x".repeat(1_000_000)])],
    },
    expect: {
      queued: [],
      isReached: false,
      problem: "the upstream sends too much data, whatever it is asked for",
    },
  },
  {
    what: "goes on after CLOSE disturbs no other answer",
    upstream: {
      events: notes(1200),
      isDeaf: true,
      requests: [[{ stored: { ignores: ["limit"], every: 0.001 } }, EOSE]],
    },
    expect: { queued: "all" },
  },
  {
    what: "repeats every event is pulled once",
    upstream: { events, requests: [[{ stored: {} }, { stored: {} }, EOSE]] },
    expect: { queued: "all" },
  },
  {
    what: "repeats one event for ever is cut off at the limit",
    upstream: {
      events: events.slice(0, 1),
      requests: [[{ events: Array.from({ length: 600 }, () => events[0]) }, EOSE]],
    },
    expect: {
      queued: "all",
      pending: [[Infinity, 1]],
      problem: "the upstream sends other events than it is asked for",
    },
  },
  {
    what: "sends events outside of the range that was asked for is not believed",
    upstream: {
      events,
      requests: [[{ events: [note(-5000), note(5000), note(9000)] }, ...whole]],
    },
    task: {
      cursor: { version: 2, filters: { "{}": { pulledTo: NOW - 60, sweptAt: NOW - 60, pending: [] } } },
    },
    expect: { queued: "all" },
  },
  {
    what: "sends kinds that were not asked for is not believed",
    upstream: { events, requests: [[{ events: [note(3, { kind: 4 })] }, ...whole]] },
    task: { filters: [{ kinds: [1] }] },
    expect: { queued: "all" },
  },
  {
    what: "sends authors and tags that were not asked for is not believed",
    upstream: {
      events: [note(3, { tags: [["t", "x"]] })],
      requests: [[{ events: [note(4), note(5, { pubkey: "c".repeat(64), tags: [["t", "x"]] })] }, ...whole]],
    },
    task: { filters: [{ "#t": ["x"], authors: ["a".repeat(64)] }] },
    expect: { queued: "all" },
  },
  {
    what: "sends events with times that are negative, huge, fractional or text goes on",
    upstream: {
      events,
      requests: [
        [
          {
            events: [-7, -1e300, 1e300, 1e15, 1.5, "soon", null, [], NOW + 10 ** 9].map((created_at) => ({
              ...note(0),
              created_at,
            })),
          },
          ...whole,
        ],
      ],
    },
    expect: { queued: "all" },
  },
  {
    what: "sends values in place of events goes on",
    upstream: {
      events,
      requests: [
        [
          {
            events: [null, 1, "x", [], {}, { id: 5 }, { id: "x", created_at: NOW }, { created_at: NOW - 3 }],
          },
          ...whole,
        ],
      ],
    },
    expect: { queued: "all" },
  },
  {
    what: "sends only events without an id, of one second, goes past it",
    upstream: {
      events,
      answer: ({ until = 0 }) =>
        until >= NOW - 1
          ? [{ events: Array.from({ length: 5000 }, () => ({ created_at: NOW - 1 })) }, EOSE]
          : [{ stored: {} }, EOSE],
    },
    expect: {
      queued: events.filter(({ created_at }) => created_at < NOW - 1),
      lost: [[1, "by kinds and authors"]],
    },
  },
  {
    what: "keeps ephemeral events is pulled without them",
    upstream: {
      events: [...events, note(5, { kind: 20_001 }), note(6, { kind: 24_133 }), note(7, { kind: 29_999 })],
    },
    pulls: 3,
    expect: { queued: events },
  },
  {
    what: "has a clock that is ahead: its events are taken when their time has come",
    upstream: { events: [note(-1200), note(-60), ...events] },
    pulls: 12,
    expect: { queued: "all" },
  },
  {
    what: "has a clock that is behind by ten minutes loses nothing",
    upstream: { events },
    later: { 2: { events: [note(540), note(590), ...events] } },
    pulls: 2,
    expect: { queued: "all" },
  },
  {
    what: "changes its mind about what it has, with each answer, ends within the bounds",
    upstream: {
      events: notes(500),
      answer: (_, nth) => [
        { stored: { most: 1 + ((nth * 37) % 90), order: nth % 3 === 0 ? "by-id" : "newest-first" } },
        EOSE,
      ],
    },
    pulls: 5,
    expect: { queued: "all" },
  },
];
