/** What upstreams refuse, and in which words. */
import { EOSE, type Step } from "../../fixtures/simulated-upstream.ts";
import { note, notes, type Row } from "./row.ts";

const events = notes(40);
const proof = note(0, { kind: 22_242 });
const sign = () => proof;
/** Refuses each request with this reason. */
const closes = (reason: string) => ({ events, requests: [[["CLOSED", "$", reason]]] as Step[][] });
const refused = (reason: string): Row["expect"] => ({
  queued: [],
  isReached: false,
  problem: `the upstream refused: ${reason}`,
});

/** Every prefix of NIP-01, NIP-42 and others, apart from those with a meaning for a pull. */
const PREFIXES = ["duplicate", "pow", "blocked", "mute", "invalid", "restricted", "error", "unsupported"];

export const REFUSALS: Row[] = [
  ...PREFIXES.map((prefix) => ({
    what: `refuses with ${prefix}: is not asked again before the next pull`,
    upstream: closes(`${prefix}: no`),
    expect: { ...refused(`${prefix}: no`), questions: 1 },
  })),
  {
    what: "refuses without a reason has an empty one",
    upstream: closes(""),
    expect: refused(""),
  },
  {
    what: "refuses with rate-limited: is left alone for a minute",
    upstream: closes("rate-limited: slow down"),
    expect: { ...refused("rate-limited: slow down"), pause: 60, questions: 1 },
  },
  {
    what: "refuses with rate-limited: and a time is left alone for that time",
    upstream: closes("rate-limited: retry in 5 minutes"),
    expect: { ...refused("rate-limited: retry in 5 minutes"), pause: 300 },
  },
  {
    what: "refuses with rate-limited: for a year is asked again after an hour",
    upstream: closes("rate-limited: retry in 99999999 s"),
    expect: { ...refused("rate-limited: retry in 99999999 s"), pause: 3600 },
  },
  {
    what: "limits the rate in the middle of an answer keeps what came, and the rest for later",
    upstream: { events, requests: [[{ stored: { most: 15 } }, ["CLOSED", "$", "rate-limited: wait 30 s"]]] },
    expect: {
      queued: events.slice(0, 15),
      pending: [[Infinity, 14]],
      problem: "the upstream refused: rate-limited: wait 30 s",
      pause: 30,
    },
  },
  {
    what: "limits the rate with a NOTICE is left alone",
    upstream: { events, requests: [[["NOTICE", "too many requests, please wait 2 minutes"]]] },
    expect: {
      queued: [],
      isReached: false,
      problem: "the upstream stopped answering; it says: too many requests, please wait 2 minutes",
      pause: 120,
    },
  },
  {
    what: "limits the rate with every third request loses nothing",
    upstream: {
      events: notes(1600),
      answer: (_, nth) => (nth % 3 === 0 ? [["CLOSED", "$", "rate-limited: wait"]] : [{ stored: {} }, EOSE]),
    },
    pulls: 8,
    expect: { queued: "all" },
  },
  {
    what: "wants authentication, without a key here, says what to set",
    upstream: {
      events,
      greeting: [["AUTH", "challenge"]],
      requests: [[["CLOSED", "$", "auth-required: log in"]]],
    },
    expect: {
      queued: [],
      isReached: false,
      questions: 1,
      problem: "the upstream wants authentication: set RELAY_SECRET_KEY",
    },
  },
  {
    what: "wants authentication, and accepts it, is pulled",
    upstream: {
      events,
      greeting: [["AUTH", "challenge"]],
      onAuth: ({ id }) => [["OK", id, true, ""]],
      answer: (_, nth) => (nth === 1 ? [["CLOSED", "$", "auth-required: log in"]] : [{ stored: {} }, EOSE]),
    },
    change: { sign },
    expect: { queued: "all" },
  },
  {
    what: "wants authentication, and refuses it, is asked once",
    upstream: {
      events,
      greeting: [["AUTH", "challenge"]],
      onAuth: ({ id }) => [["OK", id, false, "restricted: not a member"]],
      requests: [[["CLOSED", "$", "auth-required: members only"]]],
    },
    change: { sign },
    expect: {
      queued: [],
      isReached: false,
      questions: 1,
      problem: "the upstream refused the authentication: restricted: not a member",
    },
  },
  {
    what: "accepts authentication, and refuses all the same, is asked twice",
    upstream: {
      events,
      greeting: [["AUTH", "challenge"]],
      onAuth: ({ id }) => [["OK", id, true, ""]],
      answer: (_, nth) => [["CLOSED", "$", nth === 1 ? "auth-required: log in" : "restricted: pay first"]],
    },
    change: { sign },
    expect: {
      queued: [],
      isReached: false,
      questions: 2,
      problem: "the upstream refused: restricted: pay first",
    },
  },
  {
    what: "wants authentication, and sends no challenge, is given up after 5 s",
    upstream: { events, requests: [[["CLOSED", "$", "auth-required: log in"]]] },
    change: { sign },
    expect: {
      queued: [],
      isReached: false,
      seconds: 6,
      problem: "the upstream wants authentication and sends no challenge",
    },
  },
  {
    what: "refuses one filter and answers the other is pulled by the other",
    upstream: {
      events,
      answer: ({ kinds }) =>
        kinds?.includes(4) ? [["CLOSED", "$", "blocked: kind 4"]] : [{ stored: {} }, EOSE],
    },
    task: { filters: [{ kinds: [1] }, { kinds: [4] }] },
    expect: { queued: "all", problem: "the upstream refused: blocked: kind 4" },
  },
];
