/** An upstream that is compared (NIP-77) by a relay that is killed meanwhile. It gets more events from time to time, also old ones. */
import type { WebSocket } from "ws";
import { type Event, newestFirst } from "../../nostr/event.ts";
import { answererOf } from "../fixtures/negentropy-upstream.ts";
import type { Random } from "../reference/generators.ts";
import { matches, type WireFilter } from "../reference/matcher.ts";
import type { ScriptedUpstream, UpstreamMessage } from "./kill-upstreams.ts";
import { now } from "./kill-writers.ts";

/** A comparison and the events that it finds take about so many messages. Some kills come after the last one. */
const MESSAGES = 8;
/** So few bytes that an answer does not list all. */
const FRAME = 4096;
/** Ids in one request. */
const PAGE_SIZE = 20;

interface ComparedUpstream extends ScriptedUpstream {
  /** Gets more events, and waits again for `answerUntil` before it answers. */
  grow(events: Event[]): void;
}

export function comparedUpstream(url: string, random: Random): ComparedUpstream {
  const addedAt = new Map<string, number>();
  const comparisons = new WeakMap<WebSocket, Map<string, (message: string) => string>>();
  let [answering, killing] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let left = 0;
  const upstream: ComparedUpstream = {
    url,
    events: [],
    addedAt,
    pageSize: PAGE_SIZE,
    ended: 0,
    patience: 30,
    grow(events) {
      for (const { id } of events) addedAt.set(id, now());
      upstream.events = [...upstream.events, ...events].toSorted(newestFirst);
      [answering, killing] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      left = 1 + Math.floor(MESSAGES * random());
    },
    answerUntil() {
      answering.resolve();
      return killing.promise;
    },
    async answer(socket, message) {
      if (message[0] === "CLOSE" || message[0] === "NEG-CLOSE") return undefined;
      await answering.promise;
      left -= 1;
      if (left === 0) return killing.resolve();
      for (const answer of answersTo(socket, message)) socket.send(JSON.stringify(answer));
      return undefined;
    },
    end() {
      upstream.ended += 1;
      killing.resolve();
    },
  };

  function answersTo(
    socket: WebSocket,
    [verb, id, given, bytes = String(given)]: UpstreamMessage,
  ): unknown[] {
    const matching = () => upstream.events.filter((event) => matches(given as WireFilter, event));
    if (verb === "REQ") {
      const page = matching().slice(0, (given as WireFilter).limit);
      return [...page.map((event) => ["EVENT", id, event]), ["EOSE", id]];
    }
    const opened = comparisons.get(socket) ?? new Map<string, (message: string) => string>();
    comparisons.set(socket, opened);
    if (verb === "NEG-OPEN") opened.set(id, answererOf(matching(), FRAME));
    const answer = opened.get(id)?.(bytes);
    return [answer === undefined ? ["NEG-ERR", id, "closed: nothing is open"] : ["NEG-MSG", id, answer]];
  }

  return upstream;
}
