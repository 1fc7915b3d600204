/** Reconciliations (NIP-77). Where one fails, the pages get the events in the same pull. */
import type { Behaviour, Step } from "../../fixtures/simulated-upstream.ts";
import { note, notes, type Row } from "./row.ts";

const events = notes(600);
type Script = NonNullable<Behaviour["sync"]>;
const honest: Script = (answer) => [answer];
const always =
  (...steps: Step[]): Script =>
  () =>
    steps;
const late = note(400);
const ids = (count: number) => "ab".repeat(32 * count);
/** The pages of 600 events, and what was tried before. */
const PAGED = 6;

export const RECONCILIATIONS: Row[] = [
  {
    what: "reconciles and answers only questions for ids is pulled whole",
    upstream: {
      events,
      sync: honest,
      answer: ({ ids: asked }) => (asked ? [{ stored: {} }, ["EOSE", "$"]] : []),
    },
    expect: { queued: "all", questions: 3 },
  },
  {
    what: "reconciles in short messages is pulled whole",
    upstream: { events: notes(3000), sync: honest, frame: 4096 },
    expect: { queued: "all" },
  },
  {
    what: "reconciles tells of a late event at once",
    upstream: { events, sync: honest },
    later: { 3: { events: [...events, late], sync: honest } },
    pulls: 3,
    expect: { queued: "all", questions: 3 },
  },
  {
    what: "reconciles and gives 7 events at once is asked for 7 ids at once, once it has said so",
    upstream: { events: notes(200), sync: honest, announces: 7 },
    expect: { queued: "all" },
  },
  {
    what: "reconciles and forgets it is paged from where the comparison stood",
    upstream: { events, sync: honest },
    later: { 2: { events: [...events, note(-30)] } },
    pulls: 2,
    expect: { queued: "all", questions: 4 },
  },
  {
    what: "says that it reconciles and is silent is paged after 15 s",
    upstream: { events, sync: always() },
    expect: { queued: "all", questions: PAGED, seconds: 17 },
  },
  {
    what: "says that it reconciles and does not know NEG-OPEN is paged after 5 s",
    upstream: { events, sync: always(["NOTICE", "ERROR: unknown command"]) },
    expect: { queued: "all", questions: PAGED, seconds: 7 },
  },
  {
    what: "refuses to reconcile is paged at once, and not asked again within a day",
    upstream: { events, sync: always(["NEG-ERR", "$", "blocked: not for you"]) },
    later: { 2: { events, sync: always({ wait: 40 }) } },
    pulls: 2,
    expect: { queued: "all", seconds: 2 },
  },
  {
    what: "refuses every window as too large is paged",
    upstream: { events, sync: always(["NEG-ERR", "$", "blocked: too many query results"]) },
    expect: { queued: "all" },
  },
  {
    what: "answers a NEG-OPEN with CLOSED is paged",
    upstream: { events, sync: always(["CLOSED", "$", "unsupported: NEG-OPEN"]) },
    expect: { queued: "all", questions: PAGED, seconds: 2 },
  },
  {
    what: "reconciles in another version is paged",
    upstream: { events, sync: always(["NEG-MSG", "$", "62"]) },
    expect: { queued: "all", questions: PAGED, seconds: 2 },
  },
  {
    what: "reconciles in no hex, half bytes, numbers or binary is paged",
    upstream: {
      events,
      sync: (_, nth) => [
        { binary: 10 },
        ["NEG-MSG", "$", 61],
        ["NEG-MSG", "$", nth % 2 === 0 ? "zz" : "610"],
      ],
    },
    expect: { queued: "all", questions: PAGED, seconds: 2 },
  },
  {
    what: "is silent about what it holds is paged: silence is no list",
    upstream: { events, sync: always(["NEG-MSG", "$", "61"]) },
    expect: { queued: "all", questions: PAGED, seconds: 2 },
  },
  {
    what: "lists ids for all times is not believed, and paged",
    upstream: { events, sync: always(["NEG-MSG", "$", `610000020a${ids(10)}`]) },
    expect: { queued: "all", questions: PAGED, seconds: 2 },
  },
  {
    what: "answers every message with the same fingerprint is paged",
    upstream: { events, sync: always(["NEG-MSG", "$", `61000001${"05".repeat(16)}`]) },
    expect: { queued: "all", questions: PAGED, seconds: 2 },
  },
  {
    what: "sends a reconciliation of two megabytes is paged",
    upstream: { events, sync: always(["NEG-MSG", "$", "61".repeat(1_000_000)]) },
    expect: { queued: "all", seconds: 17 },
  },
  {
    what: "reconciles under another subscription id is paged",
    upstream: { events, sync: (answer) => [["NEG-MSG", "other", (answer as unknown[])[2]]] },
    expect: { queued: "all", seconds: 17 },
  },
  {
    what: "disconnects in a reconciliation is pulled by the next",
    upstream: { events, sync: (answer, nth) => (nth === 2 ? [{ disconnect: "1006" }] : [answer]) },
    later: { 2: { events, sync: honest } },
    pulls: 2,
    expect: { queued: "all" },
  },
  {
    what: "is busy in a reconciliation is paged, and compared by the next pull",
    upstream: { events, sync: always(["NEG-ERR", "$", "error: try again"]) },
    later: { 2: { events: [...events, late], sync: honest } },
    pulls: 2,
    expect: { queued: "all" },
  },
  {
    what: "takes ten seconds for each message keeps each job in its minute",
    upstream: { events: notes(3000), sync: (answer) => [{ wait: 10 }, answer] },
    pulls: 3,
    expect: { queued: "all" },
  },
];
