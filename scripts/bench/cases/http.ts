/** The HTTP API of this project, and the information document (NIP-11): eight clients. */
import { measure } from "../load/measure.ts";
import { type Request, requesters } from "../load/requester.ts";
import type { Bench, Case } from "./case.ts";

const CONNECTIONS = 8;
const LIMIT = 50;
const DOCUMENT: Request = {
  path: "",
  accept: "application/nostr+json",
  check: (body) => ({ problem: body.includes('"supported_nips"') ? undefined : "no document", events: 0 }),
};

export const HTTP: Case[] = [
  {
    scenario: "http",
    name: "http events",
    unit: "request",
    can: ({ hasHttpApi }) => hasHttpApi,
    run: (relay, bench) =>
      measure(relay, bench.pace, (meter) => requesters(relay, meter, pages(bench), CONNECTIONS)),
  },
  {
    scenario: "http",
    name: "http document",
    unit: "request",
    can: ({ nips }) => nips.has(11),
    run: (relay, bench) =>
      measure(relay, bench.pace, (meter) => requesters(relay, meter, [DOCUMENT], CONNECTIONS)),
  },
];

/** The same times as those of the WebSocket's newest events. */
function pages(bench: Bench): Request[] {
  return bench.questionsOf("newest500").map(({ filter, ids }): Request => {
    const wanted = ids.slice(0, LIMIT);
    return {
      path: `api/v1/events?limit=${LIMIT}&until=${filter.until}`,
      accept: "application/json",
      check(body) {
        const { events } = JSON.parse(body) as { events: { id: string }[] };
        const isRight = events.length === wanted.length && events.every(({ id }, at) => id === wanted[at]);
        const problem = isRight
          ? undefined
          : `until ${filter.until}: ${events.length} events, not as expected`;
        return { problem, events: events.length };
      },
    };
  });
}
